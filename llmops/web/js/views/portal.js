/** The customer's own chat: a large, calm conversation, with their invoice and their line above it. */

import { fill, h } from "../dom.js";
import { badge } from "../components/controls.js";
import { icon } from "../components/icons.js";
import { renewActions } from "../parts/action.js";
import { chat } from "../parts/chat.js";
import { styles } from "../styles.js";

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
    suggestions: ["invoice", "copy", "slow", "plan"].map((name) => t(`suggest.portal.${name}`)),
  });
  root.append(talk.node);
  context.shortcuts([{ keys: "c", words: t("keys.chat"), run: () => talk.focus() }]);
  load();
  if (matchMedia("(pointer: fine)").matches) talk.focus();

  async function load() {
    try {
      const card = await api.get(`/v1/customers/${encodeURIComponent(session.customer_id)}/card`, { signal });
      fill(hello, t("portal.hello", { name: card.profile.full_name.split(" ")[0] }));
      renewActions(card.actions);
      fill(tiles, invoice(card.invoices), line(card.network));
    } catch (error) {
      if (!signal.aborted) fill(tiles, h("p.small.muted", { role: "alert" }, error.words ?? t("refusal.failed")));
    }
  }

  function invoice(part) {
    const newest = part.invoices?.[0];
    if (!newest) return tile("invoice", t("portal.invoice"), h("span.strong", t("portal.invoice.none")));
    const late = Number(part.overdue_amount) > 0, paid = newest.status === "paid";
    const state = late ? badge(t("invoice.overdue"), "high", { dot: true }) : paid ? badge(t("invoice.paid"), "low", { dot: true }) : badge(t("invoice.open"), "medium", { dot: true });
    const day = paid ? t("portal.paid", { day: format.day(newest.paid_on) }) : t("portal.due", { day: format.day(newest.due_on) });
    return tile("invoice", t("portal.invoice"), h("span.portal-figure.number", format.money(newest.total)), h("div.row.small.muted", state, h("span", day)));
  }

  function line(part) {
    const [first] = part.lines ?? [];
    if (!first) return tile("signal", t("portal.line"), h("span.strong", t("portal.line.none")));
    const own = (part.outages ?? []).find((one) => one.own);
    const more = own ? t("portal.outage", { moment: format.moment(own.expected_end_at) }) : first.contracted_mbps ? t("portal.speed", { speed: format.number(first.contracted_mbps, 0) }) : "";
    return tile("signal", t("portal.line"), h("span.portal-figure", t(`portal.state.${first.status}`)), h("div.row.small.muted", badge(t(`portal.badge.${first.status}`), TONES[first.status] ?? "", { dot: true }), h("span", more)));
  }
}

const tile = (sign, name, ...content) => h("div.card.portal-tile", h("div.row.tight.small.muted", icon(sign, "small"), name), content);
