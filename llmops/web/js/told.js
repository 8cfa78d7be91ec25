/** What the service says in Portuguese, in the reader's language: its sentences are a closed list, `words/told.*.js`. */

import { entry } from "./i18n.js";

const compiled = new Map();

/** One or several sentences of the service, translated; as they are where one of them is not in the list. */
export function told(text) {
  const sentences = entry("told.sentences");
  if (!text || !sentences) return text;
  if (!compiled.has(sentences)) compiled.set(sentences, sentences.map(([said, meant]) => [pattern(said), meant]));
  const whole = known(text, compiled.get(sentences));
  if (whole) return whole;
  const parts = text.trim().split(/(?<=[a-zà-ÿ)%]\.)\s+(?=[A-ZÀ-Ý])/).map((part) => known(part, compiled.get(sentences)));
  return parts.length > 1 && parts.every(Boolean) ? parts.join(" ") : text;
}

function pattern(said) {
  const own = said.split(/\{(\w+)\}/).map((piece, place) => (place % 2 ? `(?<${piece}>(?:(?!\\. [A-ZÀ-Ý]).)+?)` : piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${own.join("")}(?<stop>\\.)?$`);
}

function known(sentence, listed) {
  for (const [said, meant] of listed) {
    const found = said.exec(sentence);
    if (!found) continue;
    const stop = found.groups.stop ?? "";
    const filled = meant.replace(/\{(\w+)\}/g, (_, room) => filling(found.groups[room], listed));
    return filled.endsWith(stop) ? filled : filled + stop;
  }
  return "";
}

function filling(value, listed) {
  const word = (entry("told.words") ?? []).find(([said]) => said === value);
  if (word) return word[1];
  return known(value, listed) || (entry("told.counted") ?? []).reduce((text, [said, meant]) => text.replaceAll(new RegExp(said, "g"), meant), value);
}
