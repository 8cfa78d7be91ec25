/** Scored customers: a table that the warehouse pages, sorts and filters, and the same as a file. */

import { fill, h } from "../../dom.js";
import { button, field, searchField, segments, select } from "../../components/controls.js";
import { empty, loading } from "../../components/states.js";
import { beyond, lastOffset, pager, table } from "../../components/table.js";
import { FEATURES, reasonWords, riskBadge } from "../../parts/risk.js";
import { asking, feature, head, labelled, named, prepared, save } from "./parts.js";

const LIMIT = 50;
const FILTERS = ["snapshot", "segment", "contract", "plan", "tenure", "reason", "min_probability", "max_probability", "search"];
const CONTRACTS = ["Month-to-month", "One year", "Two year"], PLANS = ["No", "DSL", "Fiber optic"];
const TENURES = ["0-6", "7-12", "13-24", "25-48", "49+"], SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export async function mount(root, context) {
  const { api, format, t, title, setQuery, signal, announce, toast } = context;
  let query = context.query;
  await prepared();
  title(t("analysts.customers"));
  const change = (changes) => setQuery({ offset: "", ...changes });
  const controls = new Map();
  const choose = (name, any, values, words) => {
    controls.set(name, select([["", any], ...values.map((value) => [String(value), words(value)])], { value: query[name] ?? "", onchange: (value) => change({ [name]: value }) }));
    return field(t(`analysts.${name}`), controls.get(name), { hiddenLabel: true });
  };
  const sub = h("p", t("analysts.customers.sub"));
  const box = h("div.table-frame.tall");
  const snapshot = select([["", t("analysts.snapshot.newest")]], { value: query.snapshot ?? "", onchange: (value) => change({ snapshot: value }) });
  const file = button(t("analysts.csv"), { icon: "download", onclick: () => exported() });
  const search = searchField({ value: query.search ?? "", label: t("analysts.search"), placeholder: t("analysts.search"), oninput: (value) => change({ search: value }) });
  controls.set("search", search);
  const segment = segments(t("queue.segment"), [["", t("all")], ...["high", "medium", "low"].map((one) => [one, t(`segment.${one}`)])], { value: query.segment ?? "", onchange: (value) => change({ segment: value }) });
  root.append(
    head(t("analysts.customers"), sub, field(t("analysts.snapshot"), snapshot, { hiddenLabel: true }), file),
    h("div.filters.analyst-filters", { role: "search" },
      field(t("analysts.search"), search, { hiddenLabel: true }),
      segment,
      choose("contract", t("queue.contract.any"), CONTRACTS, (value) => named("contract", value)),
      choose("plan", t("analysts.plan.any"), PLANS, (value) => named("plan", value)),
      choose("tenure", t("analysts.tenure.any"), TENURES, (value) => t("analysts.months", { band: value })),
      choose("reason", t("queue.reason.any"), FEATURES, feature),
      choose("min_probability", t("analysts.from.any"), SHARES, (value) => t("analysts.from", { share: format.percent(value) })),
      choose("max_probability", t("analysts.to.any"), SHARES, (value) => t("analysts.to", { share: format.percent(value) }))),
    box);
  context.shortcuts([{ keys: "/", words: t("keys.search"), run: () => search.focus() }]);
  const asked = () => Object.fromEntries([...FILTERS, "sort"].map((name) => [name, query[name] ?? ""]));
  const ask = asking(box, { api, path: "/v1/analytics/customers", signal, draw: drawn, bones: 14, onclear: () => change(Object.fromEntries([...FILTERS, "sort"].map((name) => [name, ""]))) });
  const show = () => ask({ ...asked(), limit: LIMIT, offset: Number(query.offset) || 0 });

  function drawn(page) {
    const known = page.snapshots.map((one) => [one.snapshot_date, t("analysts.snapshot.of", { day: format.day(one.snapshot_date) })]);
    fill(snapshot, known.map(([value, words], place) => h("option", { value: place ? value : "" }, words)));
    snapshot.value = query.snapshot && page.snapshot_date !== page.snapshots[0]?.snapshot_date ? query.snapshot : "";
    const count = t("analysts.count", { count: page.total, shown: format.number(page.total) });
    fill(sub, page.snapshot_date ? [count, " · ", t("analysts.snapshot.of", { day: format.day(page.snapshot_date) })] : t("analysts.customers.sub"));
    announce(count);
    file.disabled = !page.total;
    if (beyond(page)) {
      setQuery({ offset: lastOffset(page) || "" });
      return loading(14);
    }
    if (!page.customers.length) return empty({ icon: "filter", title: t("analysts.none"), text: t("analysts.none.text") });
    const sort = query.sort || "-churn_probability";
    return h("div", table({
      caption: t("analysts.customers"), rows: page.customers, href: (row) => context.link(`/customers/${encodeURIComponent(row.customer_id)}`),
      sorted: { key: sort.replace("-", ""), down: sort.startsWith("-") },
      onsort: (key) => change({ sort: sort === `-${key}` ? key : `-${key}` }),
      columns: [
        { label: t("queue.customer"), sort: "customer_id", cell: (row) => h("span.number", row.customer_id) },
        { label: t("queue.risk"), sort: "churn_probability", cell: (row) => riskBadge(row.risk_segment, row.churn_probability) },
        { label: t("queue.why"), wide: true, cell: (row) => h("span.small.muted.reasons", row.top_reasons.filter((one) => one.contribution > 0).slice(0, 2).map(reasonWords).join(" · ")) },
        { label: t("queue.contract"), sort: "contract", wide: true, cell: (row) => h("span.small.muted", row.contract ? named("contract", row.contract) : "–") },
        { label: t("analysts.plan"), wide: true, cell: (row) => h("span.small.muted", row.plan ? named("plan", row.plan) : "–") },
        { label: t("analysts.tenure"), sort: "tenure_months", right: true, wide: true, cell: (row) => h("span.small.muted", String(row.tenure_months ?? "–")) },
        { label: t("queue.charge"), sort: "monthly_charges", right: true, wide: true, cell: (row) => h("span.muted", format.money(row.monthly_charges)) },
        { label: t("queue.loss"), sort: "expected_loss", right: true, full: true, cell: (row) => labelled(t("queue.loss"), h("span.strong", format.money(row.expected_loss, { whole: true }))) },
      ],
    }), pager({ ...page, onpage: (to) => { setQuery({ offset: to || "" }, { push: true }); document.getElementById("main").scrollTop = 0; } }));
  }

  async function exported() {
    file.disabled = true;
    toast(t("analysts.csv.begun"), "download");
    try {
      const answer = await api.raw("/v1/analytics/customers.csv", { query: asked(), signal });
      const blob = await answer.blob();
      const end = await blob.slice(-400).text();
      if (end.includes("# INCOMPLETE")) throw new Error("incomplete");
      save(blob, `${/filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] ?? "customers.csv"}`);
    } catch (error) {
      if (!signal.aborted) toast(error.words ?? t("analysts.csv.failed"), "alert");
    } finally {
      file.disabled = false;
    }
  }

  show();
  return {
    update(wanted) {
      query = wanted;
      segment.choose(query.segment ?? "");
      for (const [name, control] of controls) if (control !== document.activeElement) control.value = query[name] ?? "";
      show();
    },
  };
}
