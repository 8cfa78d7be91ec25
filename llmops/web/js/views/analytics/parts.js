/** What the analysts' pages share: heads, tiles, named values, the choice of how much is shown, files. */

import { h } from "../../dom.js";
import * as format from "../../format.js";
import { has, language, t, words } from "../../i18n.js";
import { field, select } from "../../components/controls.js";
import { failure, filled } from "../../components/states.js";
import { styles } from "../../styles.js";

/** Loads what the pages need besides their own words. */
export const prepared = () => Promise.all([words("desk"), styles("analysts")]);

/** The heading of a page: title, a sentence that may change, actions at the right. */
export function head(title, sub, ...actions) {
  return h("div.page-head", h("div.grow", h("h1", title), sub), h("div.row.head-actions", actions));
}

/** A figure in a tile; `note` stands below. */
export const tile = (label, figure, note = null) =>
  h("div.card.tile", h("span.small.muted", label), h("span.figure", figure), note && h("span.small.quiet", note));

/** A titled card; `more` goes to the right of the title. */
export function section(title, content, more = null) {
  return h("section.card.padded.stack", h("div.row", h("h2.grow.section-head", title), more), content);
}

/** A table under a title, without the inner distances of a card. */
export const tabled = (title, node, more = null) =>
  h("section.table-frame", h("div.row.frame-head", h("h2.grow.section-head", title), more), node);

/** A value in words, such as `contract.Two year`; unknown ones as they are. */
export const named = (kind, value) => (has(`${kind}.${value}`) ? t(`${kind}.${value}`) : String(value));

/** A feature in words. */
export const feature = (name) => (has(`feature.${name}`) ? t(`feature.${name}`) : name);

/** A share that may not be there. */
export const share = (value, digits = 1) => (value === null || value === undefined ? "–" : format.percent(value, digits));

/** A figure with so many decimals, for columns of them; it may not be there. */
export const figure = (value, digits = 3) =>
  value === null || value === undefined ? "–" : Number(value).toLocaleString(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A cell with its column's name, which only cards on narrow screens show. */
export const labelled = (label, content) => h("span.cell-labelled", h("span.cell-label.tiny.quiet", label), h("span", content));

/** Words as a heading begins. */
export const capital = (text) => text.charAt(0).toLocaleUpperCase(language()) + text.slice(1);

/** The end of an axis: where the values end, but not below `least`. */
export const top = (values, least) => Math.max(least, ...values.filter((value) => value !== null && value !== undefined));

/** Day and month, short: for axes. */
export const dayShort = (iso) => format.day(iso, { day: "2-digit", month: "short" }).replace(/\bde \b|\./g, "");

/** A choice of a number in the address: `name` there, `options` as `[value, words]`. */
export const choice = (label, name, options, query, setQuery) =>
  field(label, select(options, { value: query[name] ?? options[0][0], onchange: (value) => setQuery({ [name]: value }) }), { hiddenLabel: true });

/**
 * A body that asks `path` with `wanted()` whenever `show` is called, keeps what it had until then, and draws.
 * An earlier answer that comes late is dropped. `onclear` is offered where a filter of the address cannot be meant.
 */
export function asking(box, { api, path, signal, draw, bones = 12, onclear = null }) {
  let last = null;
  const instead = (error) => (onclear && error.code === "wrong_filter" ? failure(error, onclear, { way: t("queue.clear"), sign: "filter" }) : null);
  return async (wanted) => {
    last?.abort();
    last = new AbortController();
    const mine = AbortSignal.any([signal, last.signal]);
    const old = box.childElementCount > 0 && !box.querySelector(".bones, .state");
    box.classList.toggle("renewing", old);
    await filled(box, async () => draw(await api.get(path, { query: wanted, signal: mine })), { signal: mine, bones: old ? h("div.stack", [...box.childNodes]) : bones, instead });
    if (!mine.aborted) box.classList.remove("renewing");
  };
}

/** Hands a file to the reader. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const node = document.createElement("a");
  node.href = address;
  node.download = name;
  node.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** Rows as CSV that a spreadsheet opens and runs nothing of: a text that could be a formula gets a `'` in front. */
export function csv(names, rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const text = typeof value === "object" ? JSON.stringify(value) : value;
    return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  return [names, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
