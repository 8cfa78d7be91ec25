/** Buttons and fields. All have words; an icon alone gets them as its label. */

import { h, unique } from "../dom.js";
import { icon } from "./icons.js";

/**
 * A button. `kind`: `primary`, `plain`, `danger`, `small` or several; `iconOnly` keeps the words for screen readers and
 * the tooltip; `keys` is a shortcut that the tooltip names.
 */
export function button(words, { icon: sign, kind = "", iconOnly = false, keys = "", class: more = "", onclick, ...others } = {}) {
  const title = iconOnly ? (keys ? `${words} (${keys})` : words) : keys ? keys : null;
  return h("button.button", {
    type: "button", class: `${kind} ${more}${iconOnly ? " square" : ""}`, "aria-label": iconOnly ? words : null, title, onclick, ...others,
  }, sign && icon(sign, kind.includes("small") ? "small" : ""), !iconOnly && words);
}

/** A labelled field around a control; `hiddenLabel` leaves the label to screen readers. */
export function field(label, control, { hiddenLabel = false } = {}) {
  const id = control.id || unique("field");
  control.id = id;
  const shown = control.matches("input, select, textarea") ? wrapped(control) : control;
  return h("div.field", h("label", { for: id, class: hiddenLabel ? "sr-only" : "" }, label), shown);
}

/** A choice: `options` are `[value, words]`. */
export function select(options, { value = "", onchange, ...more } = {}) {
  const node = h("select.input", { onchange: (event) => onchange?.(event.target.value), ...more },
    options.map(([given, words]) => h("option", { value: given, selected: given === value }, words)));
  node.value = value;
  return node;
}

/** A field for searching; `oninput` is called when nothing was typed for `wait` ms. */
export function searchField({ value = "", placeholder = "", label, oninput, wait = 250, ...more }) {
  let timer;
  return h("input.input", {
    type: "search", value, placeholder, "aria-label": label, autocomplete: "off", spellcheck: "false", ...more,
    oninput: (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => oninput?.(event.target.value.trim()), wait);
    },
  });
}

/** A row of choices of which one holds: `options` are `[value, words]`. */
export function segments(label, options, { value, onchange }) {
  const box = h("div.segments", { role: "group", "aria-label": label });
  const show = (chosen) => {
    for (const node of box.children) node.setAttribute("aria-pressed", String(node.dataset.value === chosen));
  };
  box.append(...options.map(([given, words]) =>
    h("button", { type: "button", data: { value: given }, onclick: () => { show(given); onchange(given); } }, words)));
  show(value);
  box.choose = show;
  return box;
}

/** A small word with a tone: `high`, `medium`, `low`, `accent` or none. `dot` puts a point before it. */
export const badge = (words, tone = "", { dot = false } = {}) => h("span.badge", { class: tone }, dot && h("span.dot"), words);

/** A sentence that must not be missed; tones as for badges. */
export function notice(words, { tone = "", icon: sign = "alert", role = null } = {}) {
  return h("div.notice", { class: tone, role }, icon(sign, "small"), h("div.grow", words));
}

function wrapped(control) {
  if (control.matches("select")) return h("div.select", control, icon("chevron", "small"));
  if (control.matches("input[type=search]")) return h("div.search", icon("search", "small"), control);
  return control;
}
