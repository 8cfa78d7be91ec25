/** How the assistant does: answers, times, cost, verdicts, guardrails; by day, intent, model, prompt and channel. */

import { h } from "../../dom.js";
import { bars, lines, rankedBars } from "../../components/chart.js";
import { badge, segments } from "../../components/controls.js";
import { empty } from "../../components/states.js";
import { table } from "../../components/table.js";
import { asking, capital, choice, dayShort, head, labelled, named, prepared, section, share, tabled, tile, top } from "./parts.js";

const DIMENSIONS = ["intent", "model", "prompt", "channel"];

export async function mount(root, context) {
  const { api, format, t, title, setQuery, signal } = context;
  let query = context.query, told = null;
  await prepared();
  title(t("analysts.assistant"));
  const box = h("div.stack.wide-gap");
  const by = () => (DIMENSIONS.includes(query.by) ? query.by : "intent");
  root.append(
    head(t("analysts.assistant"), h("p", t("analysts.assistant.sub")), choice(t("analysts.days"), "days", ["30", "7", "90", "365"].map((count) => [count, t("analysts.days.last", { count })]), query, setQuery)),
    box);
  const ask = asking(box, { api, path: "/v1/analytics/assistant", signal, onclear: () => setQuery({ days: "" }), draw: (found) => { told = found; return drawn(); } });
  const time = (ms) => (ms >= 1000 ? `${format.number(ms / 1000, 2)} s` : `${format.number(ms, 0)} ms`);
  const usd = (value, digits = 4) => `US$ ${format.number(value, digits)}`;
  const liked = (one) => (one.ups + one.downs ? one.ups / (one.ups + one.downs) : null);

  function drawn() {
    const { whole } = told;
    if (!whole) return empty({ icon: "spark", title: t("analysts.unanswered"), text: t("analysts.unanswered.text") });
    const days = told.by.day;
    const points = days.map((one) => dayShort(one.part));
    const costs = days.map((one) => 1000 * one.cost_per_answer);
    const hits = Object.entries(told.guardrails);
    return h("div.stack.wide-gap",
      h("div.tiles",
        tile(t("analysts.answers"), format.number(whole.answers)),
        tile(t("analysts.latency"), time(whole.p95_ms), t("analysts.latency.note", { p50: time(whole.p50_ms), p99: time(whole.p99_ms) })),
        tile(t("analysts.degraded"), share(whole.degraded_share)),
        tile(t("analysts.cost"), usd(whole.cost_per_answer), t("analysts.cost.note", { all: usd(whole.cost_usd, 2) })),
        tile(t("analysts.liked"), share(liked(whole), 0), t("analysts.liked.note", { ups: whole.ups, downs: whole.downs }))),
      h("div.plots",
        section(t("analysts.answers.day"), bars({ label: t("analysts.answers.day"), columns: [t("analysts.day"), t("analysts.answers")], height: 246, items: days.map((one) => ({ label: format.day(one.part, { day: "2-digit", month: "2-digit" }), value: one.answers })) })),
        section(t("analysts.latency.day"), lines({ label: t("analysts.latency.day"), points, from: 0, height: 220, show: time, series: [{ name: "p50", values: days.map((one) => one.p50_ms) }, { name: "p95", values: days.map((one) => one.p95_ms), dashed: true }] })),
        section(t("analysts.degraded.day"), lines({ label: t("analysts.degraded.day"), points, from: 0, to: top(days.map((one) => one.degraded_share), 0.1), height: 220, show: (value) => format.percent(value, 1), series: [{ name: t("analysts.degraded"), values: days.map((one) => one.degraded_share) }] })),
        section(t("analysts.cost.day"), lines({ label: t("analysts.cost.day"), points, from: 0, to: top(costs, 0) || 1, height: 220, show: format.significant, series: [{ name: "US$", values: costs }] }))),
      tabled(t("analysts.answers.by"), parts(told.by[by()]), segments(t("analysts.by"), DIMENSIONS.map((one) => [one, t(`analysts.by.${one}`)]), { value: by(), onchange: (value) => setQuery({ by: value }) })),
      h("div.plots",
        section(t("analysts.guardrails"), hits.length ? rankedBars({ label: t("analysts.guardrails"), items: hits.map(([code, value]) => ({ label: named("guardrail", code), value, text: format.number(value) })) }) : h("p.muted", t("analysts.guardrails.none"))),
        section(t("analysts.attempts"), told.attempts.length ? attempts(told.attempts) : h("p.muted", t("analysts.attempts.none")))));
  }

  function parts(rows) {
    return table({
      caption: t("analysts.answers.by"), rows: [...rows].sort((a, b) => b.answers - a.answers),
      columns: [
        { label: capital(t(`analysts.by.${by()}`)), cell: (row) => h("span.wrap", by() === "intent" ? named("intent", row.part) : row.part || "–") },
        { label: t("analysts.answers"), right: true, cell: (row) => format.number(row.answers) },
        { label: "p50", right: true, wide: true, cell: (row) => time(row.p50_ms) },
        { label: "p95", right: true, full: true, cell: (row) => labelled("p95", time(row.p95_ms)) },
        { label: t("analysts.degraded"), right: true, wide: true, cell: (row) => share(row.degraded_share) },
        { label: t("analysts.tokens"), right: true, wide: true, cell: (row) => format.number(row.tokens) },
        { label: t("analysts.cost"), right: true, wide: true, cell: (row) => usd(row.cost_per_answer) },
        { label: t("analysts.liked"), right: true, wide: true, cell: (row) => share(liked(row), 0) },
      ],
    });
  }

  function attempts(rows) {
    return table({
      caption: t("analysts.attempts"), rows, cards: false,
      columns: [
        { label: t("analysts.attempt"), cell: (row) => h("span.wrap", named("act", row.event)) },
        { label: t("analysts.attempt.outcome"), cell: (row) => badge(t(`analysts.attempt.${row.outcome}`), { allowed: "low", refused: "high", failed: "medium" }[row.outcome]) },
        { label: t("analysts.attempt.times"), right: true, cell: (row) => format.number(row.times) },
      ],
    });
  }

  const show = () => ask({ days: query.days ?? "30" });
  show();
  return {
    update(wanted) {
      const again = wanted.days !== query.days;
      query = wanted;
      if (again || !told) show();
      else box.replaceChildren(drawn());
    },
  };
}
