/** Conversations of this tab, by customer: they outlive a change of page, of language and a reload, and end with the tab. */

import { Refusal, stream } from "../api.js";

const KEPT = "telecom.talk.", OWNER = "telecom.talks.of";
const LASTS = 24 * 3600e3, MOST = 40; // as long as the service knows a conversation; turns that a reload brings back
const talks = new Map();

/** The conversation about a customer. */
export function talkOf(customer) {
  if (!talks.has(customer)) talks.set(customer, restored(new Talk(customer)));
  return talks.get(customer);
}

/** Forgets all of them, when somebody signs out. */
export function forgetTalks() {
  for (const talk of talks.values()) talk.stop();
  talks.clear();
  store((kept) => {
    for (const key of Object.keys(kept)) if (key.startsWith(KEPT) || key === OWNER) kept.removeItem(key);
  });
}

/** Keeps those of this person only. */
export function talksOf(name) {
  if (store((kept) => kept.getItem(OWNER)) !== name) forgetTalks();
  store((kept) => kept.setItem(OWNER, name));
}

/**
 * Messages and what is typed but not sent. `turns`: `{ asked, state, text, tools, actions, citations, reply, error }`;
 * `state` is `waiting`, `done`, `failed` or `stopped`. `changed(turn)` is called after every change.
 */
class Talk {
  constructor(customer) {
    this.customer = customer;
    this.turns = [];
    this.draft = "";
    this.session = null;
    this.changed = () => {};
    this.ending = null;
  }

  get busy() {
    return this.ending !== null;
  }

  /** Sends a message; resolves when its answer is there, or when it failed. */
  async send(text) {
    const turn = { asked: text, at: new Date() };
    this.turns.push(turn);
    await this.ask(turn);
  }

  /** Asks once more what failed. */
  async ask(turn) {
    Object.assign(turn, { state: "waiting", text: "", tools: [], actions: [], citations: [], reply: null, error: null, rating: null });
    this.ending = new AbortController();
    keep(this);
    this.changed(turn);
    const body = { message: turn.asked, customer_id: this.customer, ...(this.session ? { session_id: this.session } : {}) };
    try {
      for await (const event of stream("/chat", body, { signal: this.ending.signal })) this.take(turn, event);
    } catch (error) {
      turn.state = error.name === "AbortError" ? "stopped" : "failed";
      turn.error = error instanceof Refusal || turn.state === "stopped" ? error : new Refusal(0);
      if (!(error instanceof Refusal) && turn.state === "failed") console.error(error);
    }
    this.ending = null;
    keep(this);
    this.changed(turn);
  }

  /** Ends the answer that is under way. */
  stop() {
    this.ending?.abort();
  }

  /** Remembers how an answer was rated. */
  rated(turn, rating) {
    turn.rating = rating;
    keep(this);
  }

  /** Begins anew. */
  clear() {
    this.stop();
    this.turns = [];
    this.session = null;
    store((kept) => kept.removeItem(KEPT + this.customer));
  }

  take(turn, { kind, data }) {
    if (kind === "token") turn.text += data.text;
    else if (kind === "tool") turn.tools.push(data);
    else if (kind === "action") turn.actions.push(data);
    else if (kind === "done") {
      this.session = data.session_id;
      Object.assign(turn, { state: "done", text: data.message, tools: data.tools, actions: data.actions, citations: data.citations, reply: data });
    }
    this.changed(turn);
  }
}

/** What a browser may not have, or has no room in. */
function store(work) {
  try {
    return work(sessionStorage);
  } catch {
    return null; // It is forgotten with the page.
  }
}

function keep(talk) {
  const turns = talk.turns.slice(-MOST).map(({ error, ...turn }) => ({ ...turn, error: error && { status: error.status ?? 0, code: error.code, words: error.message } }));
  store((kept) => kept.setItem(KEPT + talk.customer, JSON.stringify({ session: talk.session, turns })));
}

function restored(talk) {
  const told = store((kept) => JSON.parse(kept.getItem(KEPT + talk.customer) ?? "null"));
  const turns = (told?.turns ?? []).filter((turn) => Date.now() - Date.parse(turn.at) < LASTS);
  if (!turns.length) return talk;
  talk.session = told.session;
  talk.turns = turns.map((turn) => ({
    ...turn, state: turn.state === "waiting" ? "stopped" : turn.state, at: new Date(turn.at), error: turn.error && new Refusal(turn.error.status, { code: turn.error.code, error: turn.error.words }),
  }));
  return talk;
}
