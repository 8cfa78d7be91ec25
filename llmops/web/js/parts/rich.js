/** Text of a model or a document as paragraphs, lists, tables and bold words. Whatever else it holds stays text. */

import { h } from "../dom.js";

const BULLET = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*)$/;
const ROW = /^\s*\|(.*)\|\s*$/;
const RULE = /^[\s|:-]+$/;
const STRONG = /\*\*(?=\S)([^*\n]+?)\*\*|`([^`\n]+)`/g;

/** Nodes of a text. */
export function rich(text) {
  const nodes = [];
  let block = null;
  for (const line of String(text).replace(/\r\n?/g, "\n").split("\n")) {
    const kind = kindOf(line);
    if (kind === "space") {
      block = null;
    } else if (block && block.kind === kind && kind !== "heading") {
      block.lines.push(line);
    } else {
      nodes.push((block = { kind, lines: [line] }));
    }
  }
  return nodes.map((one) => DRAWN[one.kind](one.lines));
}

/** Marks the words of a quote below a node, however they are broken over its elements; whether they were found. */
export function highlight(root, quote) {
  const wanted = plain(quote.replace(/…$/, "")).text;
  if (!wanted) return false;
  const texts = textsOf(root);
  const whole = plain(texts.map((node) => node.data).join("\u0000"));
  for (const words of [wanted, wanted.slice(0, 80), wanted.slice(0, 40)]) {
    const at = words.length > 15 || words === wanted ? whole.text.indexOf(words) : -1;
    if (at >= 0) {
      wrap(texts, whole.places[at], whole.places[at + words.length - 1] + 1);
      return true;
    }
  }
  return false;
}

function kindOf(line) {
  if (!line.trim()) return "space";
  if (HEADING.test(line)) return "heading";
  if (ROW.test(line)) return "table";
  const bullet = BULLET.exec(line);
  return bullet ? (bullet[1] ? "numbers" : "bullets") : "paragraph";
}

const DRAWN = {
  heading: ([line]) => h("p.strong", inline(HEADING.exec(line)[1])),
  paragraph: (lines) => h("p", lines.map((line, place) => [place > 0 && h("br"), inline(line)])),
  bullets: (lines) => h("ul", lines.map((line) => h("li", inline(BULLET.exec(line)[2])))),
  numbers: (lines) => h("ol", { start: BULLET.exec(lines[0])[1] }, lines.map((line) => h("li", inline(BULLET.exec(line)[2])))),
  table: (lines) => {
    const rows = lines.filter((line) => !RULE.test(line)).map((line) => ROW.exec(line)[1].split("|").map((cell) => cell.trim()));
    return h("div.rich-table", { tabindex: "0", role: "group", "aria-label": rows[0].join(", ") }, h("table",
      h("thead", h("tr", rows[0].map((cell) => h("th", { scope: "col" }, inline(cell))))),
      h("tbody", rows.slice(1).map((row) => h("tr", row.map((cell) => h("td", inline(cell))))))));
  },
};

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(STRONG)) {
    nodes.push(text.slice(end, found.index), found[1] ? h("strong", found[1]) : h("code", found[2]));
    end = found.index + found[0].length;
  }
  return [...nodes, text.slice(end)];
}

function textsOf(root) {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walk.nextNode()) texts.push(walk.currentNode);
  return texts;
}

/** A text's letters and digits in small, without accents, and where each stands in it. */
function plain(text) {
  const places = [];
  let found = "";
  for (let place = 0; place < text.length; place += 1) {
    for (const letter of text[place].normalize("NFKD").toLowerCase()) {
      if (/[\p{L}\p{N}]/u.test(letter)) {
        found += letter;
        places.push(place);
      }
    }
  }
  return { text: found, places };
}

function wrap(texts, from, to) {
  let start = 0;
  for (const node of texts) {
    const end = start + node.data.length;
    const first = Math.max(from, start) - start, last = Math.min(to, end) - start;
    if (first < last) {
      const marked = node.splitText(first);
      marked.splitText(last - first);
      const mark = h("mark");
      marked.replaceWith(mark);
      mark.append(marked);
    }
    start = end + 1;
  }
}
