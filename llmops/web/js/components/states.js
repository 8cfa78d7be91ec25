/** What a page shows while it has nothing: loading, empty, failed. All keep the height of what will come. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { button } from "./controls.js";
import { icon } from "./icons.js";

/** Grey lines in the place of content; `rows` of them. */
export function loading(rows = 6) {
  return h("div.bones", { role: "status" }, h("span.sr-only", t("loading")),
    Array.from({ length: rows }, (_, place) => h("span.bone", { style: { width: `${92 - ((place * 17) % 45)}%` } })));
}

/** Nothing is there, and why that is all right. `action` is a node, such as a button. */
export function empty({ icon: sign = "list", title, text = "", action = null }) {
  return h("div.state", h("div.state-sign", icon(sign)), h("h2", title), text && h("p", text), action);
}

/** It did not work: the refusal's own words, and a way to try again, or another `way` out. */
export function failure(error, retry = null, { way = t("retry"), sign = "retry" } = {}) {
  return h("div.state", { role: "alert" }, h("div.state-sign", icon("alert")), h("h2", t("failed.title")),
    h("p", error.words ?? t(navigator.onLine ? "refusal.failed" : "refusal.offline")), retry && button(way, { icon: sign, onclick: retry }));
}

/**
 * Shows `loading`, then what `work` gives, or its failure with a way to repeat it. Nothing is shown after `signal`.
 *
 * @param root where; @param work `async () => Node`; @param bones lines while it loads, or a node;
 * @param instead `(error) => Node` for refusals that call for something else than trying again, else null.
 */
export async function filled(root, work, { signal, bones = 6, instead = () => null } = {}) {
  root.setAttribute("aria-busy", "true");
  root.replaceChildren(bones instanceof Node ? bones : loading(bones));
  try {
    const made = await work();
    if (!signal?.aborted) root.replaceChildren(made);
  } catch (error) {
    if (signal?.aborted || error.name === "AbortError") return;
    if (!("words" in error)) console.error(error);
    root.replaceChildren(instead(error) ?? failure(error, () => filled(root, work, { signal, bones, instead })));
  } finally {
    root.removeAttribute("aria-busy");
  }
}
