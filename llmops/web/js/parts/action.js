/** A proposed action: what it would do, why, and the two answers that a person can give. */

import { post } from "../api.js";
import { h } from "../dom.js";
import * as format from "../format.js";
import { has, language, t } from "../i18n.js";
import { badge, button, field, notice } from "../components/controls.js";
import { told } from "../told.js";
import { openDialog } from "../components/dialog.js";
import { icon } from "../components/icons.js";

const TONES = { proposed: "accent", approved: "medium", executed: "low", rejected: "high", expired: "" };
const AMOUNTS = new Set(["amount"]);
// What a refusal says of the action's state, until it is read anew.
const SETTLED = { decided: "decided", rejected: "rejected", policy: "rejected", expired: "expired", in_progress: "approved", not_found: "gone" };
const HIDDEN = new Set(["asked_by_customer"]);

/** A card. `ondecided(action)` is told of the new state. */
export function actionCard(action, { customer = false, ondecided = () => {} } = {}) {
  const node = h("div.action", { role: "group", "aria-label": told(action.title), data: { action: action.id } });
  node.decided = (decided, failure = null) => draw(node, Object.assign(action, decided), { customer, ondecided }, failure);
  draw(node, action, { customer, ondecided });
  return node;
}

/** Brings all cards that are shown up to what the service tells of their actions. */
export function renewActions(actions) {
  const told = new Map((actions ?? []).map((one) => [one.id, one]));
  for (const node of document.querySelectorAll(".action")) {
    const now = told.get(node.dataset.action);
    if (now && now.status !== node.dataset.status) node.decided(now, node.failure);
  }
}

function draw(node, action, options, failure = null) {
  node.failure = failure;
  node.dataset.status = action.status;
  node.replaceChildren(...[
    h("div.row.tight.action-head", icon("shield", "small"), h("h3.grow", told(action.title)), badge(t(`action.${action.status}`), TONES[action.status])),
    facts(action.parameters ?? {}),
    action.reason && h("p.small.action-why", h("span.quiet", `${t("action.why")} `), told(action.reason), !options.customer && action.status === "proposed" && has(`action.note.${action.type}`) && ` ${t(`action.note.${action.type}`)}`),
    action.result?.message && notice([told(action.result.message), action.result.protocol && !action.result.message.includes(action.result.protocol) && ` ${t("action.protocol", { number: action.result.protocol })}`], { tone: "low", icon: "check" }),
    failure && notice(failure, { tone: "medium", role: "alert" }),
    action.status === "proposed" && answers(node, action, options),
  ].filter(Boolean));
}

function facts(parameters) {
  const shown = Object.entries(parameters).filter(([name, value]) => !HIDDEN.has(name) && value !== null && value !== "" && value !== false);
  return shown.length > 0 && h("dl.facts", shown.map(([name, value]) => [h("dt", named("param", name)), h("dd", said(name, value))]));
}

function answers(node, action, options) {
  const key = crypto.randomUUID();
  const decide = async (verb, body) => {
    for (const each of node.querySelectorAll("button")) each.disabled = true;
    node.setAttribute("aria-busy", "true");
    try {
      const decided = await post(`/actions/${encodeURIComponent(action.id)}/${verb}`, body, { key: `${verb}-${key}` });
      // The same action may stand in the conversation and on the card.
      for (const each of document.querySelectorAll(".action")) if (each.dataset.action === action.id) each.decided(decided);
      if (!node.isConnected) node.decided(decided);
      options.ondecided(action);
    } catch (error) {
      const settled = error.status === 409 || error.status === 404 ? SETTLED[error.code] : null;
      draw(node, settled ? Object.assign(action, { status: settled }) : action, options, refused(error));
      if (settled) options.ondecided(action);
    }
    node.removeAttribute("aria-busy");
    focusOn(node);
  };
  return h("div.row.action-answers",
    button(t(options.customer ? "action.confirm" : "action.approve"), { icon: "check", kind: "primary small", onclick: () => decide("approve", {}) }),
    button(t(options.customer ? "action.no" : "action.reject"), {
      kind: "small",
      onclick: async () => {
        const reason = options.customer ? "" : await whyNot(action);
        if (reason !== undefined) await decide("reject", { reason });
      },
    }));
}

/** Asks for the reason of a no; undefined where somebody thought better of it. */
function whyNot(action) {
  const text = h("textarea.input", { rows: 3, maxlength: 500, autofocus: true });
  return openDialog({
    title: t("action.reject.title"),
    body: [h("p.muted", told(action.title)), field(t("action.reject.reason"), text)],
    actions: (close) => [button(t("cancel"), { onclick: () => close() }), button(t("action.reject"), { kind: "primary", onclick: () => close(text.value.trim()) })],
  });
}

/** Why it was not done: our words for the kind of refusal, and the policy's own, which are Portuguese. */
function refused(error) {
  const own = has(`action.refused.${error.code}`) ? t(`action.refused.${error.code}`) : error.words;
  return error.message && error.status === 409 && (error.code === "policy" || language() === "pt-BR") && error.message !== own
    ? `${own} ${error.message}` : own;
}

function focusOn(node) {
  if (!document.querySelector("dialog[open]")) {
    node.setAttribute("tabindex", "-1");
    node.focus({ preventScroll: true });
  }
}

function said(name, value) {
  if (value === true) return t("yes");
  if (AMOUNTS.has(name)) return format.money(value);
  if (name === "percent") return format.percent(Number(value) / 100);
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return format.day(value);
  return typeof value === "object" ? JSON.stringify(value) : named("value", String(value));
}

const named = (kind, name) => (has(`${kind}.${name}`) ? t(`${kind}.${name}`) : name.replaceAll("_", " "));
