/** The service over fetch: JSON in and out, refusals as one kind of error, answers that stream. */

import { has, t } from "./i18n.js";
import { credentials } from "./session.js";

/** The service said no, or could not be reached (`status` 0, code `offline`). */
export class Refusal extends Error {
  constructor(status, told = {}, retryAfter = null) {
    super(told.error ?? "");
    this.status = status;
    this.code = told.code ?? (status ? "failed" : "offline");
    this.faults = told.faults ?? [];
    this.retryAfter = retryAfter;
  }

  /** The refusal in plain words of the reader's language. */
  get words() {
    for (const key of [`refusal.${this.code}`, `refusal.${this.status}`]) {
      if (has(key)) return t(key, { seconds: this.retryAfter ?? 5 });
    }
    return this.message || t("refusal.failed");
  }
}

let signedOut = () => {};
/** What happens when the service no longer knows who asks. */
export const onSignedOut = (act) => { signedOut = act; };

/** GET; `query` is a plain object, empty values are left out. */
export async function get(path, { query = {}, signal } = {}) {
  return (await exchange("GET", path + asQuery(query), { signal })).json();
}

/** GET, as the Response itself: for files. */
export const raw = (path, { query = {}, signal, headers } = {}) => exchange("GET", path + asQuery(query), { signal, headers });

/** POST of JSON. `key` is sent as Idempotency-Key. */
export async function post(path, body, { signal, key } = {}) {
  return (await exchange("POST", path, { body, signal, headers: key ? { "Idempotency-Key": key } : {} })).json();
}

/**
 * POST whose answer comes as server-sent events: yields `{ kind, data }`.
 * A stream that breaks off without `done` or `error` raises a Refusal with the code `offline`.
 */
export async function* stream(path, body, { signal } = {}) {
  const answer = await exchange("POST", path, { body, signal, headers: { Accept: "text/event-stream" } });
  let ended = false;
  try {
    for await (const event of events(answer.body)) {
      ended = event.kind === "done" || event.kind === "error";
      if (event.kind === "error") throw new Refusal(event.data.status, event.data);
      yield event;
    }
  } catch (error) {
    throw error instanceof Refusal || error.name === "AbortError" ? error : new Refusal(0);
  }
  if (!ended) throw new Refusal(0);
}

/** Events of a body: blocks of `event:` and `data:` lines, each ended by an empty line. */
export async function* events(body) {
  let waiting = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      waiting += piece.value;
      const blocks = waiting.split("\n\n");
      waiting = blocks.pop();
      for (const block of blocks) yield parsed(block);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  const event = { kind: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event.kind = line.slice(6).trim();
    else if (line.startsWith("data:")) event.data += line.slice(5).trim();
  }
  return { kind: event.kind, data: JSON.parse(event.data) };
}

async function exchange(method, path, { body, signal, headers = {} }) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      redirect: "error",
      credentials: "same-origin",
      headers: { ...credentials(), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refusal(0);
  }
  if (answer.ok) return answer;
  const refusal = new Refusal(answer.status, await told(answer), Number(answer.headers.get("Retry-After")) || null);
  if (answer.status === 401) signedOut(refusal);
  throw refusal;
}

async function told(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

function asQuery(query) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
