/** Customers by risk, contract, plan and tenure: how many, how likely to leave, what it would cost, who left. */

import { h } from "../../dom.js";
import { bars, lines, tone } from "../../components/chart.js";
import { segments as switcher } from "../../components/controls.js";
import { empty } from "../../components/states.js";
import { table } from "../../components/table.js";
import { asking, capital, choice, dayShort, head, labelled, named, prepared, section, share, tabled, tile } from "./parts.js";

const DIMENSIONS = ["segment", "contract", "plan", "tenure"];
const ORDER = ["low", "medium", "high", "0-6", "7-12", "13-24", "25-48", "49+"];
const TONES = { high: "var(--high)", medium: "var(--medium)", low: "var(--low)" };

export async function mount(root, context) {
  const { api, format, t, title, setQuery, signal } = context;
  let query = context.query, told = null;
  await prepared();
  title(t("analysts.segments"));
  const sub = h("p", t("analysts.segments.sub"));
  const box = h("div.stack.wide-gap");
  const by = () => (DIMENSIONS.includes(query.by) ? query.by : "segment");
  root.append(
    head(t("analysts.segments"), sub, choice(t("analysts.snapshots"), "snapshots", ["6", "12", "24"].map((count) => [count, t("analysts.snapshots.last", { count })]), query, setQuery)),
    h("div.row", switcher(t("analysts.by"), DIMENSIONS.map((one) => [one, t(`analysts.by.${one}`)]), { value: by(), onchange: (value) => setQuery({ by: value }) })),
    box);
  const ask = asking(box, { api, path: "/v1/analytics/segments", signal, onclear: () => setQuery({ snapshots: "" }), draw: (found) => { told = found; return drawn(); } });
  const label = (value) => (by() === "tenure" ? t("analysts.months", { band: value }) : named(by(), value));

  function drawn() {
    const [newest] = told.snapshots;
    if (!newest) return empty({ icon: "chart", title: t("analysts.unscored"), text: t("analysts.unscored.text") });
    const days = [...told.snapshots].reverse();
    const whole = told.by.all.find((one) => one.snapshot_date === newest);
    const known = [...told.by.all].reverse().find((one) => one.observed_churn !== null);
    const all = told.by[by()];
    const values = [...new Set(all.map((one) => one.value))].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    const at = (day, value) => all.find((one) => one.snapshot_date === day && one.value === value);
    const now = values.map((value) => at(newest, value)).filter(Boolean);
    const color = (value, place) => TONES[value] ?? tone(place);
    const over = (name) => values.map((value, place) => ({ name: label(value), tone: color(value, place), values: days.map((day) => at(day, value)?.[name] ?? null) }));
    const chart = (name, show, words) => section(words, days.length > 1
      ? lines({ label: words, points: days.map(dayShort), series: over(name), show, from: 0, height: 220 })
      : bars({ label: words, columns: [capital(t(`analysts.by.${by()}`)), words], height: 220, items: now.map((one, place) => ({ label: label(one.value), value: one[name] ?? 0, text: show(one[name] ?? 0), tone: color(one.value, place) })) }));
    return h("div.stack.wide-gap",
      h("div.tiles",
        tile(t("analysts.customers"), format.number(whole.customers), format.day(newest)),
        tile(t("analysts.probability"), share(whole.mean_probability)),
        tile(t("analysts.loss"), format.money(whole.expected_loss, { whole: true }), t("analysts.loss.note")),
        tile(t("analysts.observed"), share(known?.observed_churn), known && t("analysts.observed.note", { count: format.number(known.labelled), day: format.day(known.snapshot_date) }))),
      h("div.plots",
        section(t("analysts.customers.by", { part: t(`analysts.by.${by()}`) }), bars({ label: t("analysts.customers"), columns: [capital(t(`analysts.by.${by()}`)), t("analysts.customers")], height: days.length > 1 ? 246 : 220, items: now.map((one, place) => ({ label: label(one.value), value: one.customers, text: format.number(one.customers), tone: color(one.value, place) })) })),
        chart("mean_probability", (value) => format.percent(value), t("analysts.probability")),
        chart("expected_loss", (value) => compact(context, value), t("analysts.loss")),
        chart("observed_churn", (value) => format.percent(value), t("analysts.observed"))),
      tabled(t("analysts.table", { day: format.day(newest) }), table({
        caption: t("analysts.segments"), rows: now, href: (row) => context.link("/analytics/customers", { [by()]: row.value }),
        columns: [
          { label: capital(t(`analysts.by.${by()}`)), cell: (row) => label(row.value) },
          { label: t("analysts.customers"), right: true, cell: (row) => format.number(row.customers) },
          { label: t("analysts.share"), right: true, wide: true, cell: (row) => share(row.customers / whole.customers) },
          { label: t("analysts.probability"), right: true, wide: true, cell: (row) => share(row.mean_probability) },
          { label: t("analysts.loss"), right: true, full: true, cell: (row) => labelled(t("analysts.loss"), format.money(row.expected_loss, { whole: true })) },
          { label: t("analysts.observed"), right: true, wide: true, cell: (row) => share(row.observed_churn) },
          { label: t("analysts.labelled"), right: true, wide: true, cell: (row) => format.number(row.labelled) },
        ],
      })));
  }

  const show = () => ask({ snapshots: query.snapshots ?? "6" });
  show();
  return {
    update(wanted) {
      const again = wanted.snapshots !== query.snapshots;
      query = wanted;
      if (again || !told) show();
      else box.replaceChildren(drawn());
    },
  };
}

function compact({ format, t }, value) {
  if (value >= 1e6) return t("analysts.million", { value: format.number(value / 1e6) });
  return value >= 1e3 ? t("analysts.thousand", { value: format.number(value / 1e3, 0) }) : format.number(value, 0);
}
