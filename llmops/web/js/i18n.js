/** Words by language. `words/NAME.LANGUAGE.js` hold them; `base` is always there, pages add their own. */

export const LANGUAGES = ["pt-BR", "en"];
const KEPT = "telecom.language";
const known = new Map();
const loaded = new Set(["base"]);
let current = "pt-BR";

/** The language that is shown. */
export const language = () => current;

/** Chooses the language and loads all that was loaded before in it. Unknown ones are left alone. */
export async function speak(wanted, { keep = false } = {}) {
  if (LANGUAGES.includes(wanted)) current = wanted;
  if (keep) remember(current);
  document.documentElement.lang = current;
  await Promise.all([...loaded].map(bring));
}

/** What this person chose before; null where they did not. */
export function chosen() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** Adds a file of words, such as `desk`, in the present language. */
export async function words(name) {
  loaded.add(name);
  await bring(name);
}

/**
 * The words for a key, `{name}` replaced. An entry may be `{ one, other }`: then `values.count` chooses.
 * Without an entry the key itself, so that a gap is seen.
 */
export function t(key, values = {}) {
  let entry = known.get(`${current}/${key}`);
  if (entry === undefined) return key;
  if (typeof entry === "object") entry = entry[new Intl.PluralRules(current).select(Number(values.count))] ?? entry.other;
  return entry.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Words of the service, which are Portuguese, in the reader's language as far as the pages know them. */
export const spoken = (text) => (has(`said.${text}`) ? t(`said.${text}`) : text);

/** What a file of words has for a key that is not a text; undefined where it has nothing. */
export const entry = (key) => known.get(`${current}/${key}`);

/** Whether there are words for a key. */
export const has = (key) => known.has(`${current}/${key}`);

async function bring(name) {
  const speaking = current;
  if (known.has(`${speaking}//${name}`)) return;
  const { default: entries } = await import(`./words/${name}.${speaking}.js`);
  for (const [key, entry] of Object.entries(entries)) known.set(`${speaking}/${key}`, entry);
  known.set(`${speaking}//${name}`, true);
}

function remember(wanted) {
  try {
    localStorage.setItem(KEPT, wanted);
  } catch {
    // It is forgotten with the page.
  }
}
