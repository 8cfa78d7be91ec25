/** The customers of the page of the queue that was last shown, so that one can step through them. */

let order = [];
let address = {};

/** Keeps the numbers, in order, and the query they came from. */
export function keepOrder(customers, query) {
  order = customers;
  address = query;
}

/** The query of the queue as it was last shown. */
export const lastQuery = () => address;

/** The customers before and after one, and its place; nulls where there are none. */
export function around(customer) {
  const place = order.indexOf(customer);
  return place < 0 ? { before: null, after: null, place: null, of: order.length }
    : { before: order[place - 1] ?? null, after: order[place + 1] ?? null, place, of: order.length };
}
