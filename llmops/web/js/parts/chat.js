/** The conversation: its turns, and the field in which one writes. For the desk and for customers alike. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { button } from "../components/controls.js";
import { icon } from "../components/icons.js";
import { TurnView } from "./message.js";
import { talkOf } from "./talks.js";

const NEAR = 120;

/**
 * The chat about one customer.
 *
 * `intro`: a node above an empty conversation; `suggestions`: sentences to begin with; `ondecided(action)`: an action was
 * decided. Gives `{ node, write(text), suggest(texts), focus(), clear() }`; ends with `signal`, the conversation itself goes on.
 */
export function chat({ customer, role, intro = null, suggestions = [], ondecided, announce, signal }) {
  const talk = talkOf(customer);
  const views = new Map();
  const turns = h("ol.turns", { "aria-label": t("chat.log") });
  const offered = h("div.suggestions");
  const suggest = (texts) => fill(offered, texts.map((text) =>
    h("button.suggestion", { type: "button", onclick: () => send(text) }, h("span", text), icon("arrowUp", "small"))));
  suggest(suggestions);
  const opening = h("div.opening", intro, suggestions.length > 0 && offered);
  const scroller = h("div.chat-scroll", { tabindex: "0", role: "region", "aria-label": t("chat.log") }, h("div.chat-width", opening, h("h2.sr-only", t("chat.log")), turns));
  const input = h("textarea.input.chat-input", { rows: 1, maxlength: 20000, placeholder: t(role === "customer" ? "chat.placeholder.customer" : "chat.placeholder"), "aria-label": t("chat.field"), value: talk.draft });
  const post = button(t("chat.send"), { icon: "send", kind: "primary", iconOnly: true, type: "submit" });
  const halt = button(t("chat.stop"), { icon: "stop", iconOnly: true, onclick: () => talk.stop() });
  const form = h("form.composer", { onsubmit: (event) => { event.preventDefault(); send(input.value); } }, h("div.composer-width", h("div.composer-box", input, post, halt), h("p.tiny.quiet.composer-hint", t("chat.hint"))));

  const grow = () => {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, 200)}px`;
  };
  const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };
  const state = () => {
    opening.hidden = talk.turns.length > 0 && role !== "customer";
    opening.classList.toggle("begun", talk.turns.length > 0);
    post.hidden = talk.busy;
    halt.hidden = !talk.busy;
  };
  const show = (turn) => {
    const follow = atEnd();
    if (views.has(turn)) {
      views.get(turn).draw();
    } else {
      const view = new TurnView(turn, { customer: role === "customer", ondecided, onrated: (one, rating) => talk.rated(one, rating), onretry: (one) => { if (!talk.busy) talk.ask(one); } });
      views.set(turn, view);
      turns.append(view.node);
    }
    state();
    if (follow || turn.state === "waiting" && !turn.text && !turn.tools.length) toEnd();
  };
  const send = (given) => {
    const text = given.trim();
    if (!text || talk.busy) return;
    input.value = talk.draft = "";
    grow();
    talk.send(text).then(() => {
      // What is too long cannot be sent again as it is.
      if (talk.turns.at(-1)?.error?.code === "message_too_long" && !input.value) write(text);
    });
    input.focus();
  };
  const write = (text) => { input.value = talk.draft = text; grow(); input.focus(); };

  input.addEventListener("input", () => { talk.draft = input.value; grow(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(input.value); }
    if (event.key === "Escape" && talk.busy) { event.preventDefault(); talk.stop(); }
  });
  const changed = (turn) => {
    show(turn);
    if (turn.state === "done") announce(turn.text);
  };
  talk.changed = changed;
  signal.addEventListener("abort", () => { if (talk.changed === changed) talk.changed = () => {}; }, { once: true });
  for (const turn of talk.turns) show(turn);
  state();
  requestAnimationFrame(() => { grow(); if (talk.turns.length) toEnd(); });

  return {
    node: h("section.chat", { "aria-label": t("chat.label"), class: role }, scroller, form),
    focus: () => input.focus(),
    write,
    suggest,
    clear: () => { talk.clear(); views.clear(); fill(turns); state(); input.focus(); },
  };
}
