/** Styles of single pages, loaded when they are first needed. */

const asked = new Map();

/** Adds `css/NAME.css`; resolves when it is applied, or when it could not be had. */
export function styles(name) {
  if (!asked.has(name)) {
    const href = new URL(`../css/${name}.css`, import.meta.url).pathname;
    const node = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    asked.set(name, new Promise((resolve) => { node.onload = node.onerror = resolve; }));
    document.head.append(node);
  }
  return asked.get(name);
}
