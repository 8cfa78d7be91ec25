/** The customer's card: sections over the answer of `/v1/customers/ID/card`. */

import { h } from "../dom.js";
import * as format from "../format.js";
import { has, language, spoken, t } from "../i18n.js";
import { badge, button, notice } from "../components/controls.js";
import { bars } from "../components/chart.js";
import { icon } from "../components/icons.js";
import { lineNames } from "./line_names.js";
import { told } from "../told.js";
import { reasonWords } from "./risk.js";

const SHOWN_INVOICES = 12;
const STATES = { active: "low", degraded: "medium", restarting: "medium", down: "high" };
const JUDGED = { boa: "low", "atenção": "medium", regular: "medium", ruim: "high", "no limite": "medium" };
const URGENT = { critical: "high", crítica: "high", high: "high", alta: "high", medium: "medium", média: "medium" };

/** All sections. `write(text)` puts a sentence into the chat; `actions` are the nodes of the actions that are shown. */
export function cardSections(card, { write, actions }) {
  return [
    actionSection(card.actions, actions), card.churn && churn(card.churn), plan(card.profile), invoices(card.invoices), lines(card.network),
    card.tickets && tickets(card.tickets), card.offers && offers(card.offers, write), contact(card.profile),
  ].filter(Boolean);
}

/** A part that could not be had, in its place. */
const lacking = (part) => h("p.small.muted", part?.message ?? t("card.missing"));

function section(key, content, { aside = null, sign } = {}) {
  return h("section.card-section", h("h2.section-title", sign && icon(sign, "small"), h("span.grow", t(key)), aside), content);
}

/** Whether somebody still has to decide about an action, or it is being carried out. */
export const waits = (action) => action.status === "proposed" || action.status === "approved";

function actionSection(told, nodes) {
  const open = (told ?? []).filter(waits).length;
  return nodes.length > 0 && section(open ? "card.actions" : "card.actions.done", nodes, { sign: "shield", aside: open > 0 && badge(open, "accent") });
}

function churn(part) {
  if (part.error) return section("card.churn", lacking(part), { sign: "alert" });
  const age = t("churn.age", { count: part.age_days });
  return section("card.churn", [
    h("div.row.tight.churn-head", h("span.churn-figure.number", { class: part.segment }, format.percent(part.percent / 100, 1)), h("div.grow", badge(t(`segment.risk.${part.segment}`), part.segment), h("div.tiny.quiet.churn-age", part.age_days ? age : t("churn.today"), ` · ${t("churn.model", { version: part.model_version })}`))),
    h("div.meter", { style: { "--share": `${part.percent}%`, color: `var(--${part.segment})` }, role: "img", "aria-label": t("churn.meter", { percent: format.number(part.percent) }) }, h("i")),
    h("ul.churn-reasons", part.reasons.map((one) => {
      const up = one.effect === "aumenta";
      return h("li.row.tight.small", h("span.trend", { class: up ? "high" : "low" }, icon(up ? "arrowUp" : "arrowDown", "small")), h("span.grow", reasonWords(one)), h("span.tiny.quiet", t(up ? "churn.up" : "churn.down")));
    })),
  ], { sign: "chart" });
}

function plan(profile) {
  const { contract } = profile;
  const more = profile.products.filter((one) => one !== profile.plan);
  return section("card.plan", [
    h("div.row.tight", h("span.strong.grow.wrap", profile.plan || t("card.noplan")), contract && h("span.number.strong", format.money(contract.monthly_charge), h("span.tiny.quiet", t("card.month")))),
    h("dl.facts", fact("card.contract", spoken(contract?.words)), fact("card.since", t("card.tenure", { count: profile.tenure_months, day: format.day(profile.customer_since, { month: "short", year: "numeric" }) })), fact("card.payment", spoken(contract?.payment_method))),
    more.length > 0 && h("div.row.products", more.map((one) => badge(spoken(one)))),
  ], { sign: "spark" });
}

const fact = (key, value) => value !== null && value !== undefined && value !== "" && [h("dt", t(key)), h("dd", value)];

function invoices(part) {
  if (part.error) return section("card.invoices", lacking(part), { sign: "invoice" });
  const listed = part.invoices.slice(0, SHOWN_INVOICES).reverse();
  const newest = part.invoices[0];
  const colour = (one) => (one.status === "paid" ? `var(${one === newest ? "--chart-1" : "--chart-soft"})` : one.days_late > 0 ? "var(--chart-bad)" : "var(--chart-warn)");
  const few = listed.length <= 7;
  const owed = Number(part.overdue_amount) > 0 ? badge(t("card.overdue", { amount: format.money(part.overdue_amount) }), "high")
    : Number(part.open_amount) > 0 ? badge(t("card.open", { amount: format.money(part.open_amount) }), "medium") : badge(t("card.paid"), "low");
  return section("card.invoices", [
    listed.length > 1 && bars({
      label: t("card.invoices.chart"), columns: [t("card.invoices.month"), t("card.invoices.amount")], height: 108,
      items: listed.map((one) => ({ label: format.month(one.reference_month), value: Number(one.total), text: few ? format.money(one.total, { whole: true }) : null, tone: colour(one) })),
    }),
    h("ul.rows", part.invoices.slice(0, 3).map((one) => h("li.row.tight.small", h("span.grow", format.day(one.reference_month, { month: "long", year: "numeric" })), h("span.quiet.tiny", has(`invoice.${one.status}`) && language() !== "pt-BR" ? t(`invoice.${one.status}`) : one.status_words), h("span.number.strong", format.money(one.total))))),
    part.adjustments?.length > 0 && h("ul.rows", part.adjustments.map((one) => h("li.small.muted", told(one.words) ?? one.kind))),
  ], { sign: "invoice", aside: owed });
}

function lines(part) {
  if (part.error) return section("card.lines", lacking(part), { sign: "signal" });
  const names = lineNames(part.lines);
  return section("card.lines", part.lines.map((line) => h("div.line", h("div.row.tight",
    h("span.grow.strong.small", [names.get(line), line.service !== "mobile" && ` · ${spoken(line.technology)}`, line.contracted_mbps && h("span.quiet", ` · ${format.number(line.contracted_mbps, 0)} Mbps`)]),
    badge(language() === "pt-BR" || !has(`line.${line.status}`) ? line.status_words : t(`line.${line.status}`), STATES[line.status] ?? "", { dot: true })),
    line.advice?.conclusion && line.status !== "active" && notice(advised(line, part.outages), { tone: STATES[line.status] ?? "" }),
    line.measures.length > 0 && h("dl.facts.measures", line.measures.map((one) => [h("dt", spoken(one.name)), h("dd", { title: one.limits }, h("span", { class: `judged ${JUDGED[one.judgement] ?? ""}` }, one.value === null ? t("line.unread") : `${format.number(one.value, 2)} ${one.unit}`, h("span.sr-only", ` (${spoken(one.judgement)})`)))])),
  )), { sign: "signal" });
}

/** What is the matter with a line: the service's Portuguese sentence, else ours for its verdict. */
function advised(line, outages) {
  const { verdict, conclusion } = line.advice;
  if (language() === "pt-BR" || !has(`advice.${verdict}`)) return sentence(conclusion);
  if (verdict === "poor") {
    const bad = line.measures.filter((one) => one.judgement === "ruim" || one.judgement === "no limite").map((one) => `${spoken(one.name)} (${spoken(one.judgement)})`);
    return bad.length ? t("advice.poor", { measures: bad.join(", ") }) : t("advice.poor.plain");
  }
  if (verdict !== "area_outage") return t(`advice.${verdict}`);
  const own = (outages ?? []).find((one) => one.own && one.technology === line.technology);
  return own ? t("advice.area_outage", { id: own.incident_id, since: format.moment(own.started_at), until: format.moment(own.expected_end_at) }) : sentence(conclusion);
}

const sentence = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1);

function tickets(part) {
  if (part.error) return section("card.tickets", lacking(part), { sign: "ticket" });
  const listed = part.tickets.map((one) => h("li.ticket",
    h("div.row.tight", h("span.grow.strong.small.wrap", one.subject), badge(spoken(one.priority), URGENT[one.priority] ?? "")),
    one.description && h("p.small.muted.ticket-words", one.description),
    h("div.tiny.quiet", [spoken(one.category_words), " · ", t("ticket.age", { count: one.age_days }), " · ", one.ticket_id])));
  return section("card.tickets", listed.length ? h("ul.stack", listed) : h("p.small.muted", t("card.tickets.none", { count: part.recent_count })), { sign: "ticket", aside: part.open_count > 0 && badge(part.open_count) });
}

function offers(part, write) {
  if (part.error) return section("card.offers", lacking(part), { sign: "check" });
  return section("card.offers", [
    part.offers.length ? h("ul.stack", part.offers.map((one) => h("li.offer", h("div.grow", h("div.small.strong", told(one.title)), h("div.tiny.quiet", told(one.reason))), button(t("offer.ask"), { kind: "small", "aria-label": `${t("offer.ask")}: ${told(one.title)}`, onclick: () => write(t("offer.sentence", { title: told(one.title) })) }))))
      : h("p.small.muted", t("card.offers.none")),
    part.not_offered.length > 0 && h("details.small", h("summary.muted", t("offer.not", { count: part.not_offered.length })), h("ul.stack.not-offered", part.not_offered.map((one) => h("li", h("span.strong.small", has(`offer.${one.kind}`) ? t(`offer.${one.kind}`) : one.kind), h("p.tiny.muted", told(one.reasons.join(" "))))))),
  ], { sign: "check", aside: h("span.tiny.quiet", part.policy) });
}

function contact(profile) {
  return section("card.contact", h("dl.facts", fact("card.phone", profile.phone), fact("card.email", profile.email), fact("card.cpf", profile.cpf), fact("card.city", profile.city && `${profile.city}, ${profile.state}`), fact("card.channel", profile.preferred_channel), fact("card.consent", t(profile.consent?.offers ? "card.consent.yes" : "card.consent.no"))), { sign: "user" });
}
