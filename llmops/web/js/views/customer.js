import { h } from "../dom.js";
export async function mount(root, context) { root.append(h("h1", "…")); }
