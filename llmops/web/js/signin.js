/** The way in where no proxy signs people in: a token, pasted. */

import { h } from "./dom.js";
import { LANGUAGES, language, speak, t } from "./i18n.js";
import { button, field, notice } from "./components/controls.js";
import { icon } from "./components/icons.js";

/**
 * The form. `reason`: a key of words for why one is here; `refused`: the service's words; `onToken(token)`: signs in.
 */
export function signIn({ reason = "", refused = "", onToken }) {
  const token = h("textarea.input", { rows: 4, required: true, spellcheck: "false", autocomplete: "off", autocapitalize: "off", placeholder: "eyJ…" });
  const enter = button(t("signin.enter"), { kind: "primary", type: "submit" });
  const form = h("form.stack", {
    onsubmit: async (event) => {
      event.preventDefault();
      if (!token.value.trim()) return token.focus();
      enter.disabled = true;
      await onToken(token.value);
    },
  }, field(t("signin.token"), token), enter);
  token.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
  });
  const other = LANGUAGES.find((known) => known !== language());
  const box = h("main.signin", h("div.signin-box",
    h("div.row", h("span.brand-sign", icon("signal")), h("h1", t("signin.title"))),
    h("p.muted", t("signin.text")),
    (refused || reason) && notice(refused || t(reason), { tone: "medium", role: "alert" }),
    form,
    h("details.small.muted", h("summary", t("signin.how")), h("p.tiny", { style: { "margin-top": "0.5rem" } }, h("code.wrap", "telecom token --agent ana"))),
    h("div.signin-foot", button(t(`language.${other}`), {
      icon: "language", kind: "plain small",
      onclick: async () => { await speak(other, { keep: true }); box.replaceWith(signIn({ reason, refused, onToken })); },
    }))));
  return box;
}
