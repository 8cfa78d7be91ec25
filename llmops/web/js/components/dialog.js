/** Dialogs on the browser's own <dialog>: focus stays inside, Escape closes, focus returns to where it was. */

import { h, unique } from "../dom.js";
import { t } from "../i18n.js";
import { button } from "./controls.js";

/**
 * Opens a dialog; resolves with what it was closed with, `undefined` for Escape and the cross.
 *
 * `body` and `actions(close)` give nodes. `side`: a panel at the right edge, `left`: at the left one.
 */
export function openDialog({ title, body, actions, side = "", kind = "", onopen }) {
  const heading = unique("dialog");
  return new Promise((resolve) => {
    let result;
    const before = document.activeElement;
    const close = (value) => { result = value; node.close(); };
    const node = h("dialog.dialog", { class: `${side ? `side ${side}` : ""} ${kind}`, "aria-labelledby": heading },
      h("div.dialog-head", h("h2.grow", { id: heading, tabindex: "-1" }, title),
        button(t("close"), { icon: "close", kind: "plain small", iconOnly: true, onclick: () => close() })),
      h("div.dialog-body", typeof body === "function" ? body(close) : body),
      actions && h("div.dialog-foot", actions(close)));
    node.addEventListener("click", (event) => { if (event.target === node && outside(node, event)) close(); });
    node.addEventListener("close", () => {
      node.remove();
      if (before?.isConnected) before.focus();
      resolve(result);
    }, { once: true });
    document.body.append(node);
    node.showModal();
    (node.querySelector("[autofocus]") ?? node.querySelector(`#${heading}`)).focus();
    onopen?.(node, close);
  });
}

/** Closes every dialog that is open. */
export function closeDialogs() {
  for (const node of document.querySelectorAll("dialog[open]")) node.close();
}

/** A question with two answers; resolves true or false. */
export async function confirm({ title, text, yes, no = t("cancel") }) {
  return Boolean(await openDialog({
    title,
    body: h("p.muted", text),
    actions: (close) => [button(no, { onclick: () => close(false) }), button(yes, { kind: "primary", onclick: () => close(true) })],
  }));
}

function outside(node, { clientX, clientY }) {
  const box = node.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
