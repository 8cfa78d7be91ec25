/** The work queue: customers by what their leaving would cost in twelve months. */

import { fill, h } from "../dom.js";
import { button, field, searchField, segments, select } from "../components/controls.js";
import { empty, failure, filled, loading } from "../components/states.js";
import { beyond, lastOffset, pager, table } from "../components/table.js";
import { FEATURES, reasonWords, riskBadge } from "../parts/risk.js";
import { keepOrder } from "../parts/queue_order.js";
import { styles } from "../styles.js";

const LIMIT = 20;
const FILTERS = ["segment", "contract", "city", "reason", "search"];

export async function mount(root, context) {
  const { api, format, t, title, setQuery, signal, announce } = context;
  let query = context.query;
  let asking = null;
  const styled = styles("desk");
  title(t("queue.title"));
  const sub = h("p", t("queue.sub"));
  const frame = h("div.table-frame.queue-frame");
  const change = (changes) => setQuery({ offset: "", ...changes });
  const search = searchField({ value: query.search, label: t("queue.search"), placeholder: t("queue.search"), oninput: (value) => change({ search: value }) });
  const city = searchField({ value: query.city, label: t("queue.city"), placeholder: t("queue.city.any"), wait: 500, oninput: (value) => change({ city: value }) });
  const segment = segments(t("queue.segment"), [["", t("all")], ...["high", "medium", "low"].map((one) => [one, t(`segment.${one}`)])], { value: query.segment ?? "", onchange: (value) => change({ segment: value }) });
  const contract = select([["", t("queue.contract.any")], ...["Month-to-month", "One year", "Two year"].map((one) => [one, t(`contract.${one}`)])], { value: query.contract ?? "", onchange: (value) => change({ contract: value }) });
  const reason = select([["", t("queue.reason.any")], ...FEATURES.map((one) => [one, t(`feature.${one}`)])], { value: query.reason ?? "", onchange: (value) => change({ reason: value }) });
  const parts = [
    h("div.page-head", h("div.grow", h("h1", t("queue.title")), sub)),
    h("div.filters", { role: "search" },
      h("div.filter-search", field(t("queue.search"), search, { hiddenLabel: true })), segment,
      field(t("queue.contract"), contract, { hiddenLabel: true }), field(t("queue.reason"), reason, { hiddenLabel: true }), field(t("queue.city"), city, { hiddenLabel: true })),
    frame,
  ];
  context.shortcuts([
    { keys: "/", words: t("keys.search"), run: () => search.focus() },
    { keys: "j", words: t("keys.next"), run: () => step(frame, 1) },
    { keys: "k", words: t("keys.before"), run: () => step(frame, -1) },
    { keys: "n", words: t("keys.page.next"), run: () => frame.querySelector(".table-foot .button:last-child:not(:disabled)")?.click() },
    { keys: "p", words: t("keys.page.before"), run: () => frame.querySelector(".table-foot .button:first-of-type:not(:disabled)")?.click() },
  ]);

  async function show() {
    asking?.abort();
    asking = new AbortController();
    const mine = AbortSignal.any([signal, asking.signal]);
    const offset = Number(query.offset) || 0;
    const wanted = { limit: LIMIT, offset, ...Object.fromEntries(FILTERS.map((name) => [name, query[name] ?? ""])) };
    const old = frame.querySelector("table") !== null;
    frame.classList.toggle("renewing", old);
    const ask = (from) => api.get("/v1/queue", { query: { ...wanted, ...from }, signal: mine });
    const draw = async () => {
      const page = await ask({});
      // An empty page does not know how many there are.
      const total = page.customers.length || !offset ? page.total : (await ask({ limit: 1, offset: 0 })).total;
      if (!beyond({ ...page, total })) return drawn(page);
      setQuery({ offset: lastOffset({ ...page, total }) || "" });
      return loading(14);
    };
    const instead = (error) => (error.code === "wrong_filter" ? failure(error, clear, { way: t("queue.clear"), sign: "filter" }) : null);
    await filled(frame, draw, { signal: mine, bones: old ? h("div", [...frame.childNodes]) : 14, instead });
    if (!mine.aborted) frame.classList.remove("renewing");
  }

  function drawn(page) {
    keepOrder(page.customers.map((one) => one.customer_id), query);
    const count = t("queue.count", { count: page.total, shown: format.number(page.total) });
    fill(sub, page.snapshot_date ? [count, " · ", t("queue.scored", { day: format.day(page.snapshot_date) })] : t("queue.sub"));
    announce(count);
    if (!page.customers.length) return nobody();
    return h("div", table({
      caption: t("queue.title"), rows: page.customers, href: (row) => context.link(`/customers/${encodeURIComponent(row.customer_id)}`),
      columns: [
        { label: t("queue.customer"), cell: (row) => h("span.person", h("span.avatar", { "aria-hidden": "true" }, format.initials(row.name)), h("span.person-words", h("span.clip", row.name ?? row.customer_id), h("span.tiny.quiet.clip", [row.customer_id, row.city && ` · ${row.city}, ${row.state}`]))) },
        { label: t("queue.risk"), cell: (row) => riskBadge(row.risk_segment, row.churn_probability) },
        { label: t("queue.why"), wide: true, cell: (row) => h("span.small.muted.reasons", row.top_reasons.filter((one) => one.contribution > 0).slice(0, 2).map(reasonWords).join(" · ")) },
        { label: t("queue.contract"), wide: true, cell: (row) => h("span.small.muted.number", row.contract ? t(`contract.${row.contract}`) : "–") },
        { label: t("queue.charge"), wide: true, right: true, cell: (row) => h("span.muted", format.money(row.monthly_charges)) },
        { label: t("queue.loss"), right: true, full: true, cell: (row) => h("span.loss", h("span.loss-label.tiny.quiet", t("queue.loss")), h("span.strong", format.money(row.expected_loss, { whole: true }))) },
      ],
    }), pager({ ...page, onpage: (to) => { setQuery({ offset: to || "" }, { push: true }); document.getElementById("main").scrollTop = 0; } }));
  }

  function clear() {
    search.value = city.value = contract.value = reason.value = "";
    segment.choose("");
    change(Object.fromEntries(FILTERS.map((name) => [name, ""])));
  }

  function nobody() {
    const filtered = FILTERS.some((name) => query[name]);
    return filtered
      ? empty({ icon: "filter", title: t("queue.none"), text: t("queue.none.text"), action: button(t("queue.clear"), { onclick: clear }) })
      : empty({ icon: "queue", title: t("queue.empty"), text: t("queue.empty.text") });
  }

  show();
  await styled;
  root.append(...parts);
  return {
    update(wanted) {
      query = wanted;
      segment.choose(query.segment ?? "");
      for (const [control, name] of [[search, "search"], [city, "city"], [contract, "contract"], [reason, "reason"]]) {
        if (control !== document.activeElement) control.value = query[name] ?? "";
      }
      show();
    },
  };
}

function step(frame, by) {
  const links = [...frame.querySelectorAll(".row-link")];
  const now = links.indexOf(document.activeElement);
  links[now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + by, 0), links.length - 1)]?.focus();
}
