/** The source of an answer: the passage in a panel at the side, with its page, its neighbours, and the words marked. */

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { badge } from "../components/controls.js";
import { openDialog } from "../components/dialog.js";
import { icon } from "../components/icons.js";
import { loading } from "../components/states.js";
import { highlight, rich } from "./rich.js";

/** A button that opens a citation. `number` counts from 1. */
export function sourceButton(citation, number) {
  const page = citation.page ? t("source.page", { page: citation.page }) : "";
  const label = [citation.title, citation.section, page].filter(Boolean).join(", ");
  return h("button.source", { type: "button", "aria-label": t("source.open", { label }), onclick: () => openSource(citation) },
    h("span.source-number", { "aria-hidden": "true" }, number), h("span.clip", citation.title), page && h("span.quiet.number", page));
}

/** Opens the panel. */
export function openSource(citation) {
  const ending = new AbortController();
  const body = h("div.passage", head(citation), loading(5));
  const closed = openDialog({ title: t("source.title"), body, side: "right" });
  closed.then(() => ending.abort());
  show(body, citation, ending.signal);
  return closed;
}

async function show(body, citation, signal) {
  const { document, section, quote } = citation;
  try {
    const found = await get("/v1/passages", { query: { document, section, quote }, signal });
    const text = h("div.passage-text.rich", rich(found.text));
    highlight(text, quote);
    fill(body, head({ ...citation, ...found }), found.before && beside(found.before, "source.before"), text, found.after && beside(found.after, "source.after"));
    body.querySelector("mark")?.scrollIntoView({ block: "center" });
  } catch (error) {
    if (signal.aborted) return;
    fill(body, head(citation), h("blockquote.passage-text", h("mark", quote)), h("p.small.muted", { role: "alert" }, error.words ?? t("refusal.failed")));
  }
}

function head({ title, section, document, page }) {
  return h("header.stack", { style: { gap: "0.35rem" } }, h("h3", title),
    h("div.row", section && h("span.muted", section), page && badge(t("source.page", { page }), "accent")),
    h("div.row.tight.tiny.quiet", icon("document", "small"), h("span.wrap", document)));
}

function beside({ section, text }, key) {
  return h("details.passage-beside", h("summary.small", h("span.quiet", `${t(key)} `), section), h("div.rich", rich(text)));
}
