/** Keys that do something. None works while somebody types, or while a dialog is open; `alone` ones excepted. */

const listed = new Set();
const NAMES = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
const WAIT = 1200;
let before = "", since = 0;

/** Keys as they are shown: `"j"`, `"g 1"` for one after the other, `"Esc"`. `hidden` ones are not listed. */
export const shortcuts = {
  /** Takes keys until the signal. */
  start: (signal) => document.addEventListener("keydown", pressed, { signal }),
  /** Adds `{ keys, words, run, hidden, typing }` until the signal; `typing`: also while somebody types. */
  add(given, signal) {
    for (const one of given) {
      listed.add(one);
      signal.addEventListener("abort", () => listed.delete(one), { once: true });
    }
  },
  /** What the help lists. */
  listed: () => [...listed].filter((one) => !one.hidden),
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const key = NAMES[event.key] ?? event.key;
  const sequence = event.timeStamp - since < WAIT && before ? `${before} ${key}` : key;
  const found = [...listed].reverse().find((one) => (one.keys === sequence || one.keys === key) && (!typing || one.typing));
  before = found || typing ? "" : key;
  since = event.timeStamp;
  if (found) {
    event.preventDefault();
    found.run(event);
  }
}
