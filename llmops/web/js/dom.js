/** Building the page. Whatever comes from data goes in as text: nothing in these pages ever parses markup. */

const SVG = "http://www.w3.org/2000/svg";
const AS_PROPERTIES = new Set(["value", "checked", "disabled", "selected", "open", "indeterminate"]);
const ADDRESSES = /^(#|\/(?!\/))/;

/**
 * An element: `h("button.primary", { type: "button", onclick: save }, icon("check"), "Save")`.
 *
 * `kind` is a tag with classes. Attributes: `on…` are listeners, `class` adds classes, `data` is a dataset, `style`
 * holds custom properties, null and false leave an attribute out. Children are nodes, texts, numbers, lists of these;
 * null and false are left out.
 */
export function h(kind, attributes = null, ...children) {
  const [tag, ...classes] = kind.split(".");
  return filled(document.createElement(tag || "div"), classes, attributes, children);
}

/** The same for SVG. */
export function s(kind, attributes = null, ...children) {
  const [tag, ...classes] = kind.split(".");
  return filled(document.createElementNS(SVG, tag), classes, attributes, children);
}

/** Puts children in the place of all that a node had. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Children as `replaceChildren` takes them. */
export function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

let numbered = 0;
/** An id that no other element has. */
export const unique = (name) => `${name}-${(numbered += 1)}`;

function filled(node, classes, attributes, children) {
  if (attributes instanceof Node || typeof attributes === "string" || Array.isArray(attributes)) {
    children = [attributes, ...children];
    attributes = null;
  }
  if (classes.length) node.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes ?? {})) set(node, name, value);
  node.append(...flat(children));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "class") node.classList.add(...String(value).split(" ").filter(Boolean));
  else if (name === "data") Object.assign(node.dataset, value);
  else if (name === "style") for (const [property, given] of Object.entries(value)) node.style.setProperty(property, given);
  else if (AS_PROPERTIES.has(name)) node[name] = value;
  else if (name === "href" && !ADDRESSES.test(value)) throw new Error(`Not an address of ours: ${value}`);
  else node.setAttribute(name, value === true ? "" : String(value));
}
