/** SQL of one's own: one SELECT, its first rows, and the same as a file. */

import { fill, h } from "../../dom.js";
import { button, field, select } from "../../components/controls.js";
import { empty, loading } from "../../components/states.js";
import { table } from "../../components/table.js";
import { EXAMPLES } from "./examples.js";
import { csv, head, prepared, save, tabled } from "./parts.js";

const KEPT = "telecom.sql", SHOWN = 500, LIMIT = 5000;

export async function mount(root, context) {
  const { api, t, title, signal, shortcuts, announce } = context;
  let running = null, last = null;
  await prepared();
  title(t("analysts.sql"));
  const text = h("textarea.input.sql-text", {
    rows: 12, spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off",
    value: EXAMPLES[context.query.example] ?? remembered() ?? EXAMPLES.risk, onkeydown: typed, oninput: () => remember(text.value),
  });
  const run = button(t("analysts.sql.run"), { kind: "primary", keys: "Ctrl+Enter", onclick: () => (running ? running.abort() : ask()) });
  const examples = select([["", t("analysts.sql.examples")], ...Object.keys(EXAMPLES).map((name) => [name, t(`analysts.sql.example.${name}`)])], {
    onchange: (name) => { if (name) { write(EXAMPLES[name]); examples.value = ""; } },
  });
  const box = h("div.sql-answer", { "aria-live": "off" }, empty({ icon: "database", title: t("analysts.sql.begin"), text: t("analysts.sql.begin.text") }));
  const tables = h("div.stack", loading(6));
  root.append(
    head(t("analysts.sql"), h("p", t("analysts.sql.sub"))),
    h("div.sql-desk",
      h("div.card.padded.stack.sql-box", field(t("analysts.sql.label"), text),
        h("div.row", run, h("span.small.quiet.grow.sql-keys", h("kbd", "Ctrl"), " ", h("kbd", "Enter")), field(t("analysts.sql.examples"), examples, { hiddenLabel: true }))),
      h("section.card.padded.stack.sql-tables", { "aria-label": t("analysts.sql.tables") }, h("h2.section-head", t("analysts.sql.tables")), tables)),
    box);
  shortcuts([{ keys: "/", words: t("analysts.sql.label"), run: () => text.focus() }]);
  listed();

  function typed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!running) ask();
    }
  }

  function write(sql) {
    text.value = sql;
    remember(sql);
    text.focus();
  }

  async function ask() {
    if (!text.value.trim()) return text.focus();
    running = new AbortController();
    const mine = AbortSignal.any([signal, running.signal]);
    run.replaceChildren(t("analysts.sql.stop"));
    box.setAttribute("aria-busy", "true");
    fill(box, h("div.table-frame", loading(8)));
    try {
      last = await api.post("/v1/analytics/sql", { sql: text.value, limit: LIMIT }, { signal: mine });
      if (!signal.aborted) { fill(box, answered(last)); announce(told(last)); }
    } catch (error) {
      if (!signal.aborted) fill(box, error.name === "AbortError" ? empty({ icon: "stop", title: t("analysts.sql.stopped") }) : refused(error));
    } finally {
      running = null;
      run.replaceChildren(t("analysts.sql.run"));
      box.removeAttribute("aria-busy");
    }
  }

  const told = (found) => [
    t("analysts.sql.rows", { count: found.rows.length, shown: context.format.number(found.rows.length) }), found.more ? t("analysts.sql.more") : "",
    `${context.format.number(found.ms, 0)} ms`, t("analysts.sql.scanned", { size: context.format.number(found.scanned / 2 ** 20) }),
  ].filter(Boolean).join(" · ");

  function answered(found) {
    const file = button(t("analysts.csv"), { icon: "download", kind: "small", onclick: () => save(new Blob([csv(found.columns.map((one) => one.name), found.rows)], { type: "text/csv" }), "result.csv") });
    const shown = found.rows.slice(0, SHOWN);
    const columns = found.columns.map((column, place) => ({ label: column.name, right: column.kind === "number", cell: (row) => cell(row[place], column.kind) }));
    return tabled(told(found), found.rows.length
      ? h("div", table({ caption: t("analysts.sql.result"), columns, rows: shown, cards: false }), shown.length < found.rows.length && h("p.frame-note.small.quiet", t("analysts.sql.shown", { count: SHOWN })))
      : empty({ icon: "table", title: t("analysts.sql.norows") }), file);
  }

  function cell(value, kind) {
    if (value === null) return h("span.quiet", "NULL");
    if (kind === "number" && typeof value === "number") return String(value);
    return h("span.sql-cell", typeof value === "object" ? JSON.stringify(value) : String(value));
  }

  function refused(error) {
    const tables = error.status === 403 ? (error.message.match(/\btelecom_\w+\.\w+/g) ?? []) : [];
    const [words, detail] = error.code === "wrong_sql" ? [t("analysts.sql.wrong"), error.message]
      : error.code === "too_much" ? [t("analysts.sql.much"), ""]
        : error.code === "timeout" || error.status === 504 ? [t("analysts.sql.slow"), ""]
          : tables.length ? [t("analysts.sql.forbidden", { tables: tables.join(", ") }), ""] : [error.words, ""];
    return h("div.notice.high.stack", { role: "alert" }, h("p", words), detail && h("pre.sql-error", detail));
  }

  async function listed() {
    try {
      const found = await api.get("/v1/analytics/tables", { signal });
      found.sort((a, b) => place(a) - place(b) || a.table.localeCompare(b.table));
      fill(tables, found.map((one) => h("details.sql-table", { title: one.table }, h("summary.clip", one.table.split(".")[1], h("span.tiny.quiet", ` ${one.table.split(".")[0].replace("telecom_", "")}`)),
        h("p.small.quiet", one.description),
        h("dl.facts", one.columns.map(([name, kind, description]) => [h("dt", { title: description }, name), h("dd.tiny.quiet", kind.startsWith("ARRAY") ? "ARRAY" : kind)])))));
    } catch (error) {
      if (!signal.aborted) fill(tables, h("p.small.muted", error.words));
    }
  }
}

const LAYERS = ["gold", "silver", "monitoring", "bronze"];
const place = (one) => LAYERS.indexOf(one.table.split(".")[0].replace("telecom_", ""));

function remembered() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function remember(sql) {
  try {
    sessionStorage.setItem(KEPT, sql);
  } catch {
    // It is forgotten with the page.
  }
}
