/** The weekly review: conversations that were drawn, one at a time, and a rubric to grade the last answer of each. */

import { h, fill } from "../dom.js";
import { has } from "../i18n.js";
import { badge, button, field, notice, segments, select } from "../components/controls.js";
import { empty, filled } from "../components/states.js";
import { styles } from "../styles.js";

const YES_NO = ["correct", "grounded", "safe"];
const SCALES = ["complete", "tone"];
const STRATA = { negative: "high", guardrail: "medium", unsure: "accent" };
const WEEKS = 8, DAY = 864e5;

// What was graded and typed but not saved, by review: it outlives a look at another page, and is one person's.
let typed = null;

function draftsOf(name) {
  if (!typed) addEventListener("beforeunload", (event) => { if ([...typed.drafts.values()].some((given) => given.changed)) event.preventDefault(); });
  if (typed?.name !== name) typed = { name, drafts: new Map() };
  return typed.drafts;
}

export async function mount(root, context) {
  const { api, format, t, title, announce, toast, signal, setQuery, shortcuts } = context;
  await styles("review");
  title(t("review.title"));
  let query = context.query, told = null, place = 0;
  const drafts = draftsOf(context.session.name);
  const progress = h("p.muted", { role: "status" });
  const weeks = select([], { onchange: (week) => setQuery({ week, id: null }) });
  const box = h("div.review");
  root.append(
    h("div.page-head", h("div.grow", h("h1", t("review.title")), h("p", t("review.sub"))), field(t("review.week"), weeks)),
    progress, box);
  shortcuts([
    { keys: "j", words: t("review.next"), run: () => move(1) },
    { keys: "k", words: t("review.before"), run: () => move(-1) },
  ]);
  await load();

  async function load() {
    told = null;
    progress.textContent = "";
    choose(query.week);
    const instead = (error) => (error.status === 400 ? h("div", { role: "alert" }, empty({ icon: "review", title: t("review.none"), text: t("review.week.wrong") })) : null);
    await filled(box, async () => {
      const mine = await api.get("/v1/reviews", { query: query.week ? { week: query.week } : {}, signal });
      if (mine.week !== (query.week ?? mine.week)) throw new DOMException("Another week was chosen.", "AbortError");
      told = mine;
      choose(told.week);
      place = Math.max(0, told.reviews.findIndex((one) => (query.id ? one.id === query.id : one.mine === null)));
      return drawn();
    }, { signal, instead });
  }

  // Weeks before those that are listed can be named by the address.
  function choose(week) {
    const known = lastWeeks();
    const listed = !week || known.includes(week) || !mondayOf(week) ? known : [...known, week];
    fill(weeks, listed.map((one) => h("option", { value: one }, daysOf(one))));
    weeks.value = week ?? known[0];
  }

  function daysOf(week) {
    const monday = mondayOf(week), iso = (moment) => moment.toISOString().slice(0, 10);
    return format.range(iso(monday), iso(new Date(monday.getTime() + 6 * DAY)));
  }

  function drawn() {
    const { reviews } = told;
    progress.textContent = reviews.length ? t("review.progress", { graded: reviews.filter((one) => one.mine).length, all: reviews.length }) : "";
    if (!reviews.length) return empty({ icon: "review", title: t("review.none"), text: t("review.none.text") });
    const one = reviews[place];
    return h("div.review-columns", conversation(one), rubric(one));
  }

  function conversation(one) {
    return h("section.card.padded.stack", { "aria-label": t("review.conversation") },
      h("div.row.tight.review-badges",
        h("h2.grow", t("review.number", { number: place + 1, all: told.reviews.length })),
        button(t("review.before"), { icon: "arrowUp", kind: "small", iconOnly: true, keys: "k", disabled: place === 0, onclick: () => move(-1) }),
        button(t("review.next"), { icon: "arrowDown", kind: "small", iconOnly: true, keys: "j", disabled: place === told.reviews.length - 1, onclick: () => move(1) })),
      h("div.row.review-badges", badge(has(`intent.${one.intent}`) ? t(`intent.${one.intent}`) : one.intent), badge(t(`review.role.${one.role}`)), badge(one.language),
        one.strata.map((name) => badge(t(`review.stratum.${name}`), STRATA[name])),
        one.others > 0 && badge(t("review.others", { count: one.others }))),
      h("ol.review-turns", one.turns.map((turn) => h("li.stack",
        h("div.review-said.theirs", h("span.sr-only", t("review.theirs")), h("p.wrap", turn.user)),
        h("div.review-said", h("span.sr-only", t("review.ours")), h("p.wrap", turn.assistant)),
        h("p.tiny.quiet.wrap", sources(turn))))));
  }

  function sources({ tools, citations }) {
    const names = tools.map((name) => (has(`tool.${name}`) ? t(`tool.${name}`) : name.replaceAll("_", " ")));
    const told = [names.length && `${t("review.used")}: ${names.join(", ")}`, citations.length && `${t("review.cited")}: ${citations.join("; ")}`].filter(Boolean);
    return told.length ? told.join(" · ") : t("review.unsupported");
  }

  function rubric(one) {
    const given = drafts.get(one.id) ?? { ...(one.mine ?? {}) };
    drafts.set(one.id, given);
    const trouble = h("div", { role: "alert" });
    const yes = (name) => segments(t(`review.${name}`), [["true", t("review.yes")], ["false", t("review.no")]],
      { value: name in given ? String(given[name]) : "", onchange: (value) => { given[name] = value === "true"; given.changed = true; } });
    const scale = (name) => segments(t(`review.${name}`), ["1", "2", "3", "4", "5"].map((value) => [value, value]),
      { value: String(given[name] ?? ""), onchange: (value) => { given[name] = Number(value); given.changed = true; } });
    const asked = (name, control) => h("div.review-question", h("div", h("h3", t(`review.${name}`)), h("p.small.muted", t(`review.${name}.text`))), control);
    const words = (name, rows) => h("textarea.input", { rows, maxlength: 2000, value: given[name] ?? "", oninput: (event) => { given[name] = event.target.value; given.changed = true; } });
    const facts = h("input.input", { maxlength: 400, value: (given.facts ?? []).join("; "), oninput: (event) => { given.facts = listed(event.target.value); given.changed = true; } });

    async function save() {
      const missing = [...YES_NO, ...SCALES].filter((name) => given[name] === undefined);
      if (missing.length) {
        fill(trouble, notice(t("review.missing", { names: missing.map((name) => t(`review.${name}`)).join(", ") }), { tone: "high" }));
        return;
      }
      const names = [...YES_NO, ...SCALES, "comment", "correction", "facts", "citation"];
      const body = Object.fromEntries(names.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]));
      try {
        const graded = await api.post(`/v1/reviews/${one.id}/grades`, body, { signal });
        drafts.delete(one.id);
        told.reviews = told.reviews.map((each) => (each.id === one.id ? graded : each));
        toast(t("review.saved"));
        const open = told.reviews.findIndex((each) => each.mine === null);
        show(open >= 0 ? open : place);
      } catch (error) {
        if (error.name === "AbortError") return;
        fill(trouble, notice(error.words ?? t("refusal.failed"), { tone: "high" }));
      }
    }

    return h("section.card.padded.stack", { "aria-label": t("review.rubric") },
      h("h2", t("review.rubric")),
      YES_NO.map((name) => asked(name, yes(name))),
      SCALES.map((name) => asked(name, scale(name))),
      field(t("review.comment"), words("comment", 2)),
      field(t("review.correction"), words("correction", 4)),
      field(t("review.facts"), facts),
      h("p.small.muted", t("review.correction.text")),
      trouble,
      h("div.row", button(t("review.save"), { kind: "primary", icon: "check", onclick: save })));
  }

  function move(step) {
    const next = place + step;
    if (told && next >= 0 && next < told.reviews.length) show(next);
  }

  function show(next) {
    place = next;
    fill(box, drawn());
    announce(t("review.number", { number: place + 1, all: told.reviews.length }));
  }

  return {
    update(changed) {
      query = changed;
      return load();
    },
  };
}

/** Up to five facts, from a line that has them between semicolons. */
const listed = (line) => line.split(";").map((part) => part.trim()).filter(Boolean).slice(0, 5);

/** This ISO week and those before it, in UTC. */
function lastWeeks() {
  return Array.from({ length: WEEKS }, (_, back) => weekOf(new Date(Date.now() - back * 7 * DAY)));
}

function weekOf(moment) {
  const day = new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()));
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7)); // the Thursday of a week tells its year
  const first = Date.UTC(day.getUTCFullYear(), 0, 1);
  return `${day.getUTCFullYear()}-W${String(Math.ceil(((day - first) / DAY + 1) / 7)).padStart(2, "0")}`;
}

/** The Monday of a week such as 2026-W47, in UTC; null where there is no such week. */
function mondayOf(week) {
  const [, year, number] = /^(\d{4})-W(\d{2})$/.exec(week) ?? [];
  if (!year) return null;
  const fourth = new Date(Date.UTC(Number(year), 0, 4)); // is always in the first week
  const monday = new Date(fourth.getTime() + ((Number(number) - 1) * 7 - ((fourth.getUTCDay() || 7) - 1)) * DAY);
  return weekOf(monday) === week ? monday : null;
}
