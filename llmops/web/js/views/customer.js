/** One customer: the conversation beside their card. Narrow screens show one of the two. */

import { fill, h } from "../dom.js";
import { button, segments } from "../components/controls.js";
import { confirm } from "../components/dialog.js";
import { empty, failure, loading } from "../components/states.js";
import { actionCard, renewActions } from "../parts/action.js";
import { cardSections, waits } from "../parts/card.js";
import { chat } from "../parts/chat.js";
import { around, lastQuery } from "../parts/queue_order.js";
import { riskBadge } from "../parts/risk.js";
import { talkOf } from "../parts/talks.js";
import { told } from "../told.js";
import { styles } from "../styles.js";

export async function mount(root, context) {
  const { api, format, t, params, signal, title, announce, toast, go } = context;
  await Promise.all([styles("desk"), styles("chat")]);
  title(params.id);
  // The heading stays the same node, since it has the focus.
  const heading = h("h1.clip", params.id), avatar = h("span.avatar", { "aria-hidden": "true" }, "·"), sub = h("span.tiny.quiet.clip", params.id);
  const risk = h("span.desk-risk");
  const person = h("div.person.grow", avatar, h("div.person-words", heading, sub), risk);
  const pane = h("aside.card-pane", { "aria-label": t("card.label"), tabindex: "0" }, loading(16));
  const talk = chat({
    customer: params.id, role: "agent", announce, signal, ondecided: () => load(false),
    intro: empty({ icon: "chat", title: t("chat.begin"), text: t("chat.begin.text") }),
    suggestions: ["invoice", "line", "offers", "risk"].map((name) => t(`suggest.desk.${name}`)),
  });
  const body = h("div.desk", { data: { shown: "chat" } }, talk.node, pane);
  const tabs = segments(t("desk.tabs"), [["chat", t("chat.label")], ["card", t("card.label")]], { value: "chat", onchange: (shown) => { body.dataset.shown = shown; } });
  const back = () => go("/queue", lastQuery());
  const near = around(params.id);
  const open = (customer) => customer && go(`/customers/${encodeURIComponent(customer)}`);
  const anew = async () => {
    if (!talkOf(params.id).turns.length || (await confirm({ title: t("chat.new"), text: t("chat.new.text"), yes: t("chat.new.yes") }))) talk.clear();
  };
  root.append(
    h("header.desk-head",
      button(t("desk.back"), { icon: "back", kind: "plain", iconOnly: true, keys: "u", onclick: back }), person,
      h("div.desk-tabs", tabs),
      h("div.row.tight.desk-steps",
        near.place !== null && h("span.tiny.quiet.number.desk-place", t("desk.place", { place: near.place + 1, of: near.of })),
        button(t("desk.before"), { icon: "arrowUp", kind: "small", iconOnly: true, keys: "k", disabled: !near.before, onclick: () => open(near.before) }),
        button(t("desk.next"), { icon: "arrowDown", kind: "small", iconOnly: true, keys: "j", disabled: !near.after, onclick: () => open(near.after) }),
        button(t("chat.new"), { icon: "plus", kind: "small", iconOnly: true, onclick: anew }))),
    body);
  const show = (shown) => { body.dataset.shown = shown; tabs.choose(shown); };
  context.shortcuts([
    { keys: "u", words: t("desk.back"), run: back },
    { keys: "j", words: t("desk.next"), run: () => open(near.after) },
    { keys: "k", words: t("desk.before"), run: () => open(near.before) },
    { keys: "c", words: t("keys.chat"), run: () => { show("chat"); talk.focus(); } },
    { keys: "d", words: t("keys.card"), run: () => { show("card"); pane.focus(); } },
    { keys: "a", words: t("keys.action"), run: () => [...root.querySelectorAll(".action-answers .primary")].pop()?.focus() },
  ]);

  const cards = new Map();

  async function load(first) {
    try {
      const card = await api.get(`/v1/customers/${encodeURIComponent(params.id)}/card`, { signal });
      const { profile } = card;
      title(profile.full_name);
      fill(heading, profile.full_name);
      fill(avatar, format.initials(profile.full_name));
      fill(sub, params.id, profile.segment_words && ` · ${profile.segment_words}`);
      fill(risk, card.churn && !card.churn.error && riskBadge(card.churn.segment, card.churn.percent / 100));
      renewActions(card.actions);
      const held = pane.contains(document.activeElement) && document.activeElement.closest(".action");
      fill(pane, cardSections(card, { actions: actionNodes(card.actions), write: (text) => { show("chat"); talk.write(text); } }));
      if (held) (held.isConnected ? held : pane).focus({ preventScroll: true });
    } catch (error) {
      if (signal.aborted) return;
      if (!("words" in error)) console.error(error);
      if (first) fill(pane, failure(error, () => load(true)));
    }
  }

  // Those that were decided in this visit stay, so that one sees what came of them.
  function actionNodes(actions) {
    for (const action of (actions ?? []).filter((one) => waits(one) && !cards.has(one.id))) cards.set(action.id, actionCard(action, { ondecided: decided }));
    return [...cards.values()];
  }

  function decided(action) {
    toast([told(action.title), t(`action.${action.status}`), told(action.result?.message)].filter(Boolean).join(" · "));
    load(false);
  }

  load(true);
}
