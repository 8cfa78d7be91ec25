/** One turn of a conversation: what was asked, the steps, the answer with its sources and actions, and what one says of it. */

import { post } from "../api.js";
import { fill, h } from "../dom.js";
import * as format from "../format.js";
import { has, t } from "../i18n.js";
import { button, field, notice } from "../components/controls.js";
import { icon } from "../components/icons.js";
import { actionCard } from "./action.js";
import { rich } from "./rich.js";
import { sourceButton } from "./sources.js";

/** Draws turns, and draws again only what changed of one. */
export class TurnView {
  constructor(turn, { customer, onretry, onrated, ondecided }) {
    this.turn = turn;
    this.options = { customer, ondecided };
    this.onretry = onretry;
    this.onrated = onrated;
    this.cards = new Map();
    this.steps = h("div.steps");
    this.words = h("div.rich.answer-text");
    this.more = h("div.stack.answer-more");
    this.node = h("li.turn",
      h("div.asked", h("span.sr-only", t("chat.you")), h("div.bubble.wrap", turn.asked), h("time.tiny.quiet", format.time(turn.at))),
      h("div.answer", h("span.sign", { "aria-hidden": "true" }, icon("spark", "small")),
        h("div.grow.stack.answer-body", h("span.sr-only", t("chat.assistant")), this.steps, this.words, this.more)));
    this.draw();
  }

  /** Shows the turn as it is now. */
  draw() {
    const { turn } = this;
    fill(this.steps, turn.tools.map(step), turn.state === "waiting" && !turn.text && waiting(turn));
    fill(this.words, rich(turn.text));
    this.node.dataset.state = turn.state;
    fill(this.more,
      turn.actions.map((action) => this.card(action)),
      turn.citations.length > 0 && h("div.sources", h("span.sr-only", t("source.list")), turn.citations.map((one, place) => sourceButton(one, place + 1))),
      lacking(turn.reply),
      (turn.state === "failed" || turn.state === "stopped") && this.failed(),
      turn.state === "done" && feedback(turn, this.onrated));
  }

  card(action) {
    if (!this.cards.has(action.id)) this.cards.set(action.id, actionCard(action, this.options));
    return this.cards.get(action.id);
  }

  failed() {
    const { turn } = this;
    const long = turn.error?.code === "message_too_long";
    if (long) return h("div.failed", notice(t("chat.shorten"), { tone: "medium", role: "alert" }));
    const words = turn.state === "stopped" ? t("chat.stopped") : turn.text ? t("chat.cut") : turn.error.words;
    return h("div.failed", notice(words, { tone: turn.state === "stopped" ? "" : "medium", role: "alert" }),
      button(t("retry"), { icon: "retry", kind: "small", onclick: () => this.onretry(turn) }));
  }
}

function step(tool) {
  const words = has(`tool.${tool.name}`) ? t(`tool.${tool.name}`) : tool.name.replaceAll("_", " ");
  return h("span.step", { class: tool.ok ? "" : "not", title: t("tool.took", { ms: format.number(tool.ms, 0) }) },
    icon(tool.ok ? "check" : "alert", "small"), words, !tool.ok && h("span.quiet", t("tool.nothing")));
}

const waiting = (turn) => h("span.step.waiting", h("span.spinner"), t(turn.tools.length ? "chat.writing" : "chat.thinking"));

function lacking(reply) {
  const degraded = (reply?.degraded ?? "").split(",").filter(Boolean).map((name) => t(`degraded.${name.trim()}`));
  const guarded = (reply?.guardrails ?? []).length > 0 && t("guarded");
  return [degraded.length > 0 && notice(degraded.join(" "), { tone: "medium" }), guarded && h("p.tiny.quiet.row.tight", icon("shield", "small"), guarded)];
}

function feedback(turn, onrated) {
  const box = h("div.feedback");
  const rate = async (rating, comment = "") => {
    try {
      await post("/feedback", { trace_id: turn.reply.trace_id, rating, comment });
      onrated(turn, rating);
      draw(comment || rating === "up" ? "thanks" : "comment");
    } catch (error) {
      draw("", error.words);
    }
  };
  const thumb = (rating, sign) => button(t(`feedback.${rating}`), {
    icon: sign, kind: "plain small", iconOnly: true, "aria-pressed": String(turn.rating === rating), onclick: () => rate(rating),
  });
  const draw = (state, failure = "") => {
    const comment = state === "comment" && h("input.input", { maxlength: 2000, placeholder: t("feedback.placeholder") });
    fill(box, h("div.row.tight", thumb("up", "thumbUp"), thumb("down", "thumbDown"),
      state === "thanks" && h("span.tiny.quiet", { role: "status" }, t("feedback.thanks")), failure && h("span.field-error", { role: "alert" }, failure)),
    comment && h("form.row.tight.feedback-form", { onsubmit: (event) => { event.preventDefault(); if (comment.value.trim()) rate("down", comment.value.trim()); else draw("thanks"); } },
      h("div.grow", field(t("feedback.comment"), comment, { hiddenLabel: true })), button(t("feedback.send"), { kind: "small", type: "submit" })));
    comment?.focus?.();
  };
  draw(turn.rating ? "thanks" : "");
  return box;
}
