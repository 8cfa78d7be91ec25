/** A table of rows; on narrow screens each row becomes a small card. Sorting and paging are the service's work. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import * as format from "../format.js";
import { button } from "./controls.js";
import { icon } from "./icons.js";

/**
 * A table.
 *
 * `columns`: `{ label, cell(row) → node or text, right, wide, full, sort }`: `right` sets figures to the right, `wide`
 * leaves a column out below 1024 px, `full` gives it a card's whole width, `sort` is the key told to `onsort(key)`.
 * `href(row)` makes the first column a link that covers the row. `sorted`: `{ key, down }`. `cards`: false scrolls
 * sideways instead.
 */
export function table({ caption, columns, rows, href = null, sorted = null, onsort = null, cards = true }) {
  const head = columns.map((column) => h("th", {
    scope: "col", role: "columnheader", class: classes(column),
    "aria-sort": column.sort && sorted?.key === column.sort ? (sorted.down ? "descending" : "ascending") : null,
  }, column.sort && onsort ? sorter(column, sorted, onsort) : column.label));
  const node = h("table.table", { role: "table", class: `${href ? "linked" : ""} ${cards ? "cards" : ""}` },
    h("caption.sr-only", caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, rows.map((row) => line(row, columns, href))));
  return cards ? node : h("div.table-scroll", { tabindex: "0", role: "region", "aria-label": caption }, node);
}

/** "21–40 of 5,602" with two buttons; `onpage(offset)`. */
export function pager({ total, limit, offset, onpage }) {
  const last = Math.min(offset + limit, total);
  const told = total ? t("page.range", { from: format.number(offset + 1), to: format.number(last), total: format.number(total) }) : "";
  return h("nav.table-foot", { "aria-label": t("page.label") }, h("span.grow.number", told),
    button(t("page.before"), { icon: "back", kind: "small", disabled: offset <= 0, onclick: () => onpage(Math.max(0, offset - limit)) }),
    button(t("page.next"), { kind: "small", disabled: last >= total, onclick: () => onpage(offset + limit) }));
}

/** Whether a page lies behind the last one. */
export const beyond = ({ total, offset, customers }) => !customers.length && total > 0 && offset >= total;

/** Where the last page begins. */
export const lastOffset = ({ total, limit }) => Math.floor((total - 1) / limit) * limit;

function line(row, columns, href) {
  return h("tr", { role: "row" }, columns.map((column, place) => {
    const content = column.cell(row);
    const linked = href && place === 0 ? h("a.row-link", { href: href(row) }, content) : content;
    return h("td", { role: "cell", class: classes(column) }, linked);
  }));
}

function sorter(column, sorted, onsort) {
  const now = sorted?.key === column.sort;
  return h("button", { type: "button", onclick: () => onsort(column.sort) }, column.label,
    now && icon(sorted.down ? "arrowDown" : "arrowUp", "small"));
}

const classes = (column) => [column.right && "right", column.wide && "wide", column.full && "full"].filter(Boolean).join(" ");
