/** Numbers, amounts and days in the language that is shown. Amounts may come as text ("100.80"). */

import { language } from "./i18n.js";

const made = new Map();

function formatter(kind, options) {
  const key = `${language()}|${kind.name}|${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new kind(language(), options));
  return made.get(key);
}

/** An amount in BRL; `whole` leaves the cents out. */
export function money(value, { whole = false } = {}) {
  const digits = whole ? 0 : 2;
  return formatter(Intl.NumberFormat, {
    style: "currency", currency: "BRL", minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(Number(value));
}

/** A number with at most `digits` decimals. */
export const number = (value, digits = 1) => formatter(Intl.NumberFormat, { maximumFractionDigits: digits }).format(Number(value));

/** A number with at most `figures` significant figures: for values of any size. */
export const significant = (value, figures = 3) => formatter(Intl.NumberFormat, { maximumSignificantDigits: figures }).format(Number(value));

/** A share (0 to 1) as a percentage. */
export const percent = (share, digits = 0) =>
  formatter(Intl.NumberFormat, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Number(share));

/** A day (`2026-11-21`), without shifting it by the time zone. */
export const day = (iso, options = { day: "2-digit", month: "short", year: "numeric" }) =>
  iso ? formatter(Intl.DateTimeFormat, { ...options, timeZone: "UTC" }).format(new Date(`${String(iso).slice(0, 10)}T00:00:00Z`)) : "–";

/** Two days of one or of two months, such as 16 – 22 de nov. */
export const range = (from, to) => formatter(Intl.DateTimeFormat, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" })
  .formatRange(new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`));

/** A month (`2026-11-01`), short. */
export const month = (iso) => day(iso, { month: "short" }).replace(".", "");

/** A moment, in the reader's own time zone. */
export const moment = (iso) => (iso ? formatter(Intl.DateTimeFormat, { dateStyle: "short", timeStyle: "short" }).format(new Date(iso)) : "–");

/** The time of day of a moment. */
export const time = (moment) => formatter(Intl.DateTimeFormat, { timeStyle: "short" }).format(moment);

/** Letters for a round picture: the first of the first and of the last name. */
export function initials(name) {
  const parts = String(name ?? "").trim().split(/\s+/).filter(Boolean);
  const picked = parts.length > 1 ? [parts[0], parts[parts.length - 1]] : parts;
  return picked.map((part) => [...part][0].toLocaleUpperCase()).join("") || "?";
}
