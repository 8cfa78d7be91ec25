/** How each snapshot differs from the training data: one score, and what lies behind it. */

import { h } from "../../dom.js";
import { lines } from "../../components/chart.js";
import { badge, button } from "../../components/controls.js";
import { empty } from "../../components/states.js";
import { table } from "../../components/table.js";
import { asking, choice, dayShort, feature, figure, head, prepared, section, share, tabled, tile, top } from "./parts.js";

const MOST = 4;

export async function mount(root, context) {
  const { api, format, t, title, setQuery, signal } = context;
  let query = context.query;
  await prepared();
  title(t("analysts.drift"));
  const box = h("div.stack.wide-gap");
  root.append(
    head(t("analysts.drift"), h("p", t("analysts.drift.sub")), choice(t("analysts.snapshots"), "snapshots", ["6", "12", "24"].map((count) => [count, t("analysts.snapshots.last", { count })]), query, setQuery)),
    box);
  const ask = asking(box, { api, path: "/v1/analytics/drift", signal, onclear: () => setQuery({ snapshots: "" }), draw: drawn });

  function drawn({ snapshots, features }) {
    const [newest] = snapshots;
    if (!newest) return empty({ icon: "chart", title: t("analysts.undrifted"), text: t("analysts.undrifted.text") });
    const days = snapshots.map((one) => one.snapshot_date).reverse();
    const at = (one, day) => one.points.find((point) => point.snapshot_date === day) ?? null;
    const now = features.filter((one) => at(one, newest.snapshot_date));
    const drifted = newest.score >= 1;
    const limit = at(now[0], newest.snapshot_date).threshold;
    return h("div.stack.wide-gap",
      h("div.tiles",
        tile(t("analysts.drift.score"), figure(newest.score, 2), badge(t(drifted ? "analysts.drift.yes" : "analysts.drift.no"), drifted ? "high" : "low", { dot: true })),
        tile(t("analysts.drift.features"), `${newest.drifted} / ${now.length}`, t("analysts.drift.features.note")),
        tile(t("analysts.customers"), format.number(newest.current_rows), format.day(newest.snapshot_date)),
        tile(t("analysts.model"), `v${newest.model_version}`, t("analysts.drift.reference", { count: format.number(newest.reference_rows) }))),
      h("div.plots",
        section(t("analysts.drift.score"), lines({
          label: t("analysts.drift.score"), points: days.map(dayShort), from: 0, to: top(snapshots.map((one) => one.score), 1.2), height: 246, show: (value) => format.number(value, 2),
          series: [{ name: t("analysts.drift.score"), values: days.map((day) => snapshots.find((one) => one.snapshot_date === day).score) }],
          limits: [{ value: 1, name: t("analysts.drift.limit") }],
        })),
        section(t("analysts.drift.psi"), lines({
          label: t("analysts.drift.psi"), points: days.map(dayShort), from: 0, to: top(now.slice(0, MOST).flatMap((one) => one.points.map((point) => point.psi)), limit * 1.2), height: 220, show: (value) => format.number(value, 2),
          series: now.slice(0, MOST).map((one) => ({ name: feature(one.feature), values: days.map((day) => at(one, day)?.psi ?? null) })),
          limits: [{ value: limit, name: t("analysts.drift.limit") }],
        }))),
      tabled(t("analysts.table", { day: format.day(newest.snapshot_date) }), table({
        caption: t("analysts.drift"), rows: now.map((one) => ({ ...one, now: at(one, newest.snapshot_date) })),
        columns: [
          { label: t("analysts.feature"), cell: (row) => h("span.person-words", h("span", feature(row.feature)), h("span.tiny.quiet", row.feature)) },
          { label: t("analysts.drift.verdict"), cell: (row) => badge(t(row.now.drifted ? "analysts.drift.yes" : "analysts.drift.no"), row.now.drifted ? "high" : "", { dot: row.now.drifted }) },
          { label: "PSI", right: true, full: true, cell: (row) => h("span.psi", h("span.meter", { style: { "--share": `${Math.min(100, (100 * row.now.psi) / (2 * row.now.threshold))}%`, color: row.now.drifted ? "var(--high)" : "var(--chart-1)" } }, h("i")), figure(row.now.psi)) },
          { label: t("analysts.drift.threshold"), right: true, wide: true, cell: (row) => figure(row.now.threshold, 2) },
          { label: t("analysts.drift.score"), right: true, wide: true, cell: (row) => figure(row.now.feature_drift_score, 2) },
          { label: t("analysts.drift.js"), right: true, wide: true, cell: (row) => figure(row.now.js_divergence) },
          { label: t("analysts.drift.p"), right: true, wide: true, cell: (row) => figure(row.now.adjusted_p_value) },
          { label: t("analysts.drift.mean"), right: true, wide: true, cell: (row) => figure(row.now.mean_shift, 2) },
          { label: t("analysts.drift.nulls"), right: true, wide: true, cell: (row) => share(row.now.current_null_share) },
        ],
      }), button(t("analysts.open.sql"), { icon: "database", kind: "small", onclick: () => context.go("/analytics/sql", { example: "drift" }) })));
  }

  const show = () => ask({ snapshots: query.snapshots ?? "6" });
  show();
  return { update(wanted) { query = wanted; show(); } };
}
