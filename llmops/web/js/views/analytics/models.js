/** The model's history: versions and what the gate said, parts of the customers, runs, the model in service by day. */

import { h } from "../../dom.js";
import { lines } from "../../components/chart.js";
import { badge } from "../../components/controls.js";
import { empty } from "../../components/states.js";
import { table } from "../../components/table.js";
import { asking, dayShort, feature, figure, head, labelled, named, prepared, section, share, tabled, tile, top } from "./parts.js";

const TONE = { succeeded: "low", failed: "high", cancelled: "medium", good: "low", bad: "high", undecided: "" };

export async function mount(root, context) {
  const { api, t, title, signal } = context;
  await prepared();
  title(t("analysts.models"));
  const box = h("div.stack.wide-gap");
  root.append(head(t("analysts.models"), h("p", t("analysts.models.sub"))), box);
  const draw = (found) => (found.versions.length || found.runs.length ? drawn(found, context) : empty({ icon: "model", title: t("analysts.unmodelled"), text: t("analysts.unmodelled.text") }));
  asking(box, { api, path: "/v1/analytics/models", signal, draw })({});
}

function drawn({ versions, slices, runs, online }, context) {
  const { format, t } = context;
  const serving = versions.filter((one) => one.scored_until).sort((a, b) => b.scored_until.localeCompare(a.scored_until))[0] ?? versions[0];
  return h("div.stack.wide-gap",
    serving && h("div.tiles",
      tile(t("analysts.model.serving"), `v${serving.model_version}`, serving.scored_until && t("analysts.model.scored", { day: format.day(serving.scored_until) })),
      tile("ROC AUC", figure(serving.figures.roc_auc?.value), interval(serving.figures.roc_auc)),
      tile("F1", figure(serving.figures.f1?.value), t("analysts.model.pr", { precision: figure(serving.figures.precision?.value, 2), recall: figure(serving.figures.recall?.value, 2) })),
      tile(t("analysts.model.ece"), figure(serving.figures.ece?.value), t("analysts.model.tested", { count: format.number(serving.customers) }))),
    h("div.plots", versions.length > 1 && history(versions, context), online.some((one) => one.figure === "score_psi") && scores(online, context)),
    versions.length > 0 && tabled(t("analysts.model.versions"), versionTable(versions, context)),
    slices.length > 0 && tabled(t("analysts.model.slices", { version: slices[0].model_version }), sliceTable(slices, context)),
    runs.length > 0 && tabled(t("analysts.runs"), runTable(runs, context)));
}

const interval = (found) => (found?.lower === null || !found ? null : `${figure(found.lower)} – ${figure(found.upper)}`);

function history(versions, { format, t }) {
  const known = [...versions].reverse();
  const of = (name) => known.map((one) => one.figures[name]?.value ?? null);
  return section(t("analysts.model.history"), lines({
    label: t("analysts.model.history"), points: known.map((one) => `v${one.model_version}`), height: 220, show: (value) => format.number(value, 2), to: 1, from: 0.5,
    series: [
      { name: "ROC AUC", values: of("roc_auc") }, { name: "F1", values: of("f1") },
      { name: t("analysts.model.baseline"), values: known.map((one) => one.beside["logistic regression"]?.roc_auc ?? null), dashed: true, tone: "var(--text-3)" },
    ],
  }));
}

function scores(online, { format, t }) {
  const days = online.filter((one) => one.figure === "score_psi").reverse();
  const bound = days.at(-1)?.bound;
  return section(t("analysts.online"), lines({
    label: t("analysts.online"), points: days.map((one) => dayShort(one.evaluated_on)), from: 0, to: top([...days.map((one) => one.value), bound], 0.05), height: 246, show: (value) => format.number(value, 2),
    series: [{ name: "PSI", values: days.map((one) => one.value) }], limits: bound ? [{ value: bound, name: t("analysts.drift.limit") }] : [],
  }));
}

function versionTable(versions, { format, t }) {
  const value = (name, digits) => (row) => figure(row.figures[name]?.value, digits);
  return table({
    caption: t("analysts.model.versions"), rows: versions,
    columns: [
      { label: t("analysts.model.version"), cell: (row) => h("span.person-words", h("span.strong", `v${row.model_version}`), h("span.tiny.quiet", format.day(row.evaluated_at))) },
      { label: t("analysts.gate"), cell: (row) => badge(t(`analysts.gate.${row.gate || "unknown"}`), { passed: "low", refused: "high" }[row.gate] ?? "", { dot: Boolean(row.gate) }) },
      { label: "ROC AUC", right: true, full: true, cell: (row) => labelled("ROC AUC", h("span.person-words", h("span", figure(row.figures.roc_auc?.value)), h("span.tiny.quiet", interval(row.figures.roc_auc)))) },
      { label: t("analysts.model.champion"), right: true, wide: true, cell: (row) => figure(row.beside.champion?.roc_auc) },
      { label: "F1", right: true, wide: true, cell: value("f1") },
      { label: t("analysts.model.precision"), right: true, wide: true, cell: value("precision") },
      { label: t("analysts.model.recall"), right: true, wide: true, cell: value("recall") },
      { label: "Brier", right: true, wide: true, cell: value("brier") },
      { label: "ECE", right: true, wide: true, cell: value("ece") },
      { label: t("analysts.model.period"), right: true, wide: true, cell: (row) => (row.scored_from ? `${dayShort(row.scored_from)} – ${dayShort(row.scored_until)}` : "–") },
    ],
  });
}

function sliceTable(slices, { format, t }) {
  const parts = new Map();
  for (const { slice, metric, value, customers } of slices) parts.set(slice, { ...parts.get(slice), slice, customers, [metric]: value });
  const words = (slice) => {
    const [column, value] = slice.split("=");
    return `${feature(column)}: ${named(column === "internet_service" ? "plan" : column, value)}`;
  };
  return table({
    caption: t("analysts.model.slices", { version: "" }), rows: [...parts.values()],
    columns: [
      { label: t("analysts.model.part"), cell: (row) => words(row.slice) },
      { label: t("analysts.customers"), right: true, cell: (row) => format.number(row.customers) },
      { label: "ROC AUC", right: true, wide: true, cell: (row) => figure(row.roc_auc) },
      { label: t("analysts.model.recall"), right: true, wide: true, cell: (row) => figure(row.recall) },
      { label: t("analysts.model.predicted"), right: true, full: true, cell: (row) => labelled(t("analysts.model.predicted"), share(row.predicted)) },
      { label: t("analysts.observed"), right: true, wide: true, cell: (row) => share(row.observed) },
    ],
  });
}

function runTable(runs, { format, t }) {
  return table({
    caption: t("analysts.runs"), rows: runs,
    columns: [
      { label: t("analysts.run"), cell: (row) => h("span.person-words", h("span", row.pipeline), h("span.tiny.quiet.clip", row.job_id)) },
      { label: t("analysts.run.state"), cell: (row) => badge(t(`analysts.run.${row.state}`), TONE[row.state], { dot: true }) },
      { label: t("analysts.run.started"), wide: true, cell: (row) => h("span.number.muted", format.moment(row.started_at)) },
      { label: t("analysts.run.seconds"), right: true, wide: true, cell: (row) => `${format.number(row.seconds, 0)} s` },
      { label: t("analysts.run.message"), full: true, cell: (row) => h("span.small.muted.wrap", row.failed_step ? `${row.failed_step}: ${row.message ?? ""}` : row.message ?? "–") },
    ],
  });
}
