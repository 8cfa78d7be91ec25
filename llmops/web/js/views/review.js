/** The weekly review: conversations that were drawn, one at a time, and a rubric to grade the last answer of each. */

import { h, fill } from "../dom.js";
import { badge, button, field, notice, segments, select } from "../components/controls.js";
import { empty, filled } from "../components/states.js";
import { styles } from "../styles.js";

const YES_NO = ["correct", "grounded", "safe"];
const SCALES = ["complete", "tone"];
const STRATA = { negative: "high", guardrail: "medium", unsure: "accent" };
const WEEKS = 8;

export async function mount(root, context) {
  const { api, t, title, announce, toast, signal, setQuery, shortcuts } = context;
  await styles("review");
  title(t("review.title"));
  let query = context.query, told = null, place = 0;
  const drafts = new Map(); // what was graded and typed but not saved, by review
  const progress = h("p.muted", { role: "status" });
  const weeks = select(lastWeeks().map((week) => [week, week]), { value: query.week ?? lastWeeks()[0], onchange: (week) => setQuery({ week, id: null }) });
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
    await filled(box, async () => {
      told = await api.get("/v1/reviews", { query: query.week ? { week: query.week } : {}, signal });
      weeks.value = told.week;
      place = Math.max(0, told.reviews.findIndex((one) => (query.id ? one.id === query.id : one.mine === null)));
      return drawn();
    }, { signal });
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
      h("div.row.review-badges",
        h("h2.grow", t("review.number", { number: place + 1, all: told.reviews.length })),
        button(t("review.before"), { kind: "plain small", keys: "k", disabled: place === 0, onclick: () => move(-1) }),
        button(t("review.next"), { kind: "plain small", keys: "j", disabled: place === told.reviews.length - 1, onclick: () => move(1) })),
      h("div.row.review-badges", badge(one.intent), badge(t(`review.role.${one.role}`)), badge(one.language),
        one.strata.map((name) => badge(t(`review.stratum.${name}`), STRATA[name])),
        one.others > 0 && badge(t("review.others", { count: one.others }))),
      h("ol.review-turns", one.turns.map((turn) => h("li.stack",
        h("div.review-said.theirs", h("span.sr-only", t("review.theirs")), h("p.wrap", turn.user)),
        h("div.review-said", h("span.sr-only", t("review.ours")), h("p.wrap", turn.assistant))))));
  }

  function rubric(one) {
    const given = drafts.get(one.id) ?? { ...(one.mine ?? {}) };
    drafts.set(one.id, given);
    const trouble = h("div", { role: "alert" });
    const yes = (name) => segments(t(`review.${name}`), [["true", t("review.yes")], ["false", t("review.no")]],
      { value: name in given ? String(given[name]) : "", onchange: (value) => { given[name] = value === "true"; } });
    const scale = (name) => segments(t(`review.${name}`), ["1", "2", "3", "4", "5"].map((value) => [value, value]),
      { value: String(given[name] ?? ""), onchange: (value) => { given[name] = Number(value); } });
    const asked = (name, control) => h("div.review-question", h("div", h("h3", t(`review.${name}`)), h("p.small.muted", t(`review.${name}.text`))), control);
    const words = (name, rows) => h("textarea.input", { rows, maxlength: 2000, value: given[name] ?? "", oninput: (event) => { given[name] = event.target.value; } });
    const facts = h("input.input", { maxlength: 400, value: (given.facts ?? []).join("; "), oninput: (event) => { given.facts = listed(event.target.value); } });

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
  return Array.from({ length: WEEKS }, (_, back) => weekOf(new Date(Date.now() - back * 7 * 864e5)));
}

function weekOf(moment) {
  const day = new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()));
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7)); // the Thursday of a week tells its year
  const first = Date.UTC(day.getUTCFullYear(), 0, 1);
  return `${day.getUTCFullYear()}-W${String(Math.ceil(((day - first) / 864e5 + 1) / 7)).padStart(2, "0")}`;
}
