/** The customer's own chat: a large, calm conversation, with their invoice and their line above it. */

import { fill, h } from "../dom.js";
import { badge } from "../components/controls.js";
import { icon } from "../components/icons.js";
import { renewActions } from "../parts/action.js";
import { chat } from "../parts/chat.js";
import { lineNames } from "../parts/line_names.js";
import { styles } from "../styles.js";

const WORST = ["down", "restarting", "degraded", "active"];
const TONES = { active: "low", degraded: "medium", restarting: "medium", down: "high" };

export async function mount(root, context) {
  const { api, format, t, session, signal, title, announce } = context;
  await Promise.all([styles("chat"), styles("portal")]);
  title(t("portal.title"));
  const hello = h("h1", t("portal.hello.plain"));
  const tiles = h("div.portal-tiles", tile("invoice", t("portal.invoice"), h("span.bone")), tile("signal", t("portal.line"), h("span.bone")));
  const talk = chat({
    customer: session.customer_id, role: "customer", announce, signal, ondecided: load,
    intro: h("div.portal-intro", hello, h("p.muted", t("portal.text")), tiles),
    suggestions: suggestions("slow"),
  });
  root.append(talk.node);
  context.shortcuts([{ keys: "c", words: t("keys.chat"), run: () => talk.focus() }]);
  load();
  if (matchMedia("(pointer: fine)").matches) talk.focus();

  function suggestions(fault) {
    return ["invoice", "copy", fault, "plan"].map((name) => t(`suggest.portal.${name}`));
  }

  async function load() {
    try {
      const card = await api.get(`/v1/customers/${encodeURIComponent(session.customer_id)}/card`, { signal });
      fill(hello, t("portal.hello", { name: card.profile.full_name.split(" ")[0] }));
      renewActions(card.actions);
      fill(tiles, invoice(card.invoices), line(card.network));
      const mobileOnly = card.network.lines?.length && !card.network.lines.some((one) => one.service === "internet");
      if (mobileOnly) talk.suggest(suggestions("mobile"));
    } catch (error) {
      if (!signal.aborted) fill(tiles, h("p.small.muted", { role: "alert" }, error.words ?? t("refusal.failed")));
    }
  }

  function invoice(part) {
    // What is overdue matters more than what came last.
    const late = part.invoices?.find((one) => one.status === "overdue");
    const shown = late ?? part.invoices?.[0];
    if (!shown) return tile("invoice", t("portal.invoice"), h("span.strong", t("portal.invoice.none")));
    const paid = shown.status === "paid";
    const state = late ? badge(t("invoice.overdue"), "high", { dot: true }) : paid ? badge(t("invoice.paid"), "low", { dot: true }) : badge(t("invoice.open"), "medium", { dot: true });
    const day = paid ? t("portal.paid", { day: format.day(shown.paid_on) }) : t(late ? "portal.was.due" : "portal.due", { day: format.day(shown.due_on) });
    return tile("invoice", t(late ? "portal.invoice.late" : "portal.invoice"), h("span.portal-figure.number", format.money(late ? shown.amount_due : shown.total)), h("div.row.small.muted", state, h("span", day)));
  }

  function line(part) {
    const lines = part.lines ?? [];
    const [first] = [...lines].sort((a, b) => WORST.indexOf(a.status) - WORST.indexOf(b.status));
    if (!first) return tile("signal", t("portal.line"), h("span.strong", t("portal.line.none")));
    const own = first.status !== "active" && (part.outages ?? []).find((one) => one.own && one.technology === first.technology);
    const told = own ? t("portal.outage", { moment: format.moment(own.expected_end_at) }) : first.contracted_mbps ? t("portal.speed", { speed: format.number(first.contracted_mbps, 0) }) : "";
    // Where all is well it does not matter which line is meant.
    const names = first.status === "active" ? [...new Set(lines.map((one) => t(`service.${one.service}`)))].join(" · ") : lineNames(lines).get(first);
    const more = [lines.length > 1 && names, told].filter(Boolean).join(" · ");
    return tile("signal", t(lines.length > 1 ? "portal.lines" : "portal.line"), h("span.portal-figure", t(`portal.state.${first.status}`)), h("div.row.small.muted", badge(t(`portal.badge.${first.status}`), TONES[first.status] ?? "", { dot: true }), h("span", more)));
  }
}

const tile = (sign, name, ...content) => h("div.card.portal-tile", h("div.row.tight.small.muted", icon(sign, "small"), name), content);
