/** The frame around every page: menu, theme, language, messages, shortcuts; and the change from page to page. */

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import * as format from "./format.js";
import { LANGUAGES, language, speak, t, words } from "./i18n.js";
import { PAGES } from "./pages.js";
import { fits, go, here, link } from "./router.js";
import { shortcuts } from "./shortcuts.js";
import { button } from "./components/controls.js";
import { closeDialogs, openDialog } from "./components/dialog.js";
import { icon } from "./components/icons.js";
import { empty, failure, loading } from "./components/states.js";

let ending = null;
let open = null;
let main, live, marked;

/** Ends the frame, when somebody signs out. */
export function leave() {
  ending?.abort();
  open?.leaving.abort();
  ending = open = null;
}

/** Draws the frame for a session and opens the page that the address names. */
export async function showShell(app, session, { signOut }) {
  leave();
  ending = new AbortController();
  const { signal } = ending;
  const frame = { session, signOut, again: () => showShell(app, session, { signOut }) };
  main = h("main.shell-main", { id: "main", tabindex: "-1" });
  live = h("div.sr-only", { role: "status", "aria-live": "polite" });
  fill(app,
    h("a.skip", { href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, t("skip")),
    h("div.shell", { class: session.role === "customer" ? "plain" : "" }, session.role === "agent" && side(frame), top(frame), main),
    h("div.toasts", { role: "status", "aria-live": "polite" }), live);
  addEventListener("hashchange", () => show(session), { signal });
  shortcuts.start(signal);
  shortcuts.add([
    { keys: "?", words: t("keys.help"), run: help },
    { keys: "t", words: t("keys.theme"), run: () => theme(isDark() ? "light" : "dark") },
    ...allowed(session).filter((page) => page.nav).slice(0, 9).map((page, place) => ({ keys: `g ${place + 1}`, words: t(page.nav.key), run: () => go(page.path) })),
  ], signal);
  await show(session);
}

/** Says something to screen readers without showing it. */
export function announce(text) {
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

/** Shows a sentence for a few seconds. */
export function toast(text, sign = "check") {
  const node = h("div.toast", icon(sign, "small"), h("span", text));
  document.querySelector(".toasts")?.append(node);
  setTimeout(() => node.remove(), 6000);
}

const allowed = (session) => PAGES.filter((page) => page.allowed(session));

/** Opens the page of the present address; the same page with another query is only told of it. */
async function show(session) {
  const { path, query } = here();
  const pages = allowed(session);
  const page = pages.find((one) => fits(one.path, path));
  if (!page) {
    if (path === "/" && pages.length) return go(pages[0].path, {}, { replace: true });
    return lost(pages);
  }
  if (open?.path === path && open.update) return open.update(query);
  const first = open === null;
  open?.leaving.abort();
  closeDialogs();
  const leaving = new AbortController();
  const mine = (open = { path, leaving, update: null });
  const root = h("div.page", { class: page.full ? "full" : "" }, loading(8));
  fill(main, root);
  main.scrollTop = 0;
  mark(page);
  const context = contextOf(page, session, path, query, leaving.signal);
  try {
    const [view] = await Promise.all([page.load(), ...[page.words ?? []].flat().map(words)]).catch(unloaded);
    if (leaving.signal.aborted) return;
    root.replaceChildren();
    mine.update = (await view.mount(root, context))?.update ?? null;
  } catch (error) {
    if (leaving.signal.aborted) return;
    if (!("words" in error)) console.error(error);
    fill(root, failure(error, () => { open = null; show(session); }));
  }
  if (!first && !leaving.signal.aborted) arrive(root);
}

/** A part of the pages that did not come is a service that cannot be reached. */
function unloaded(error) {
  throw error instanceof TypeError ? new api.Refusal(0) : error;
}

function contextOf(page, session, path, query, signal) {
  return {
    session, query, signal, api, format, t, link, announce, toast,
    params: fits(page.path, path),
    go,
    shortcuts: (listed) => shortcuts.add(listed, signal),
    title: (text) => { document.title = `${text} · ${t("brand")}`; },
    // `push` makes a step to which one can go back.
    setQuery: (changes, { push = false } = {}) => go(path, { ...here().query, ...changes }, { replace: !push }),
  };
}

/** After a change of page, the focus goes to its heading, so that it is read out. */
function arrive(root) {
  if (root.contains(document.activeElement) || document.querySelector("dialog[open]")) return;
  const heading = root.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  (heading ?? main).focus({ preventScroll: true });
}

function lost(pages) {
  open?.leaving.abort();
  open = null;
  const back = pages.length ? button(t("lost.back"), { kind: "primary", onclick: () => go(pages[0].path) }) : null;
  mark(null);
  fill(main, h("div.page", empty({ icon: "search", title: t("lost.title"), text: t("lost.text"), action: back })));
}

function mark(page = marked) {
  marked = page;
  for (const node of document.querySelectorAll(".nav-link")) {
    if (page && node.dataset.path === (page.under ?? page.path)) node.setAttribute("aria-current", "page");
    else node.removeAttribute("aria-current");
  }
}

function side(frame) {
  return h("header.shell-side", brand(), menu(frame.session), h("div.shell-foot", who(frame.session), settings(frame, true)));
}

const brand = () => h("a.brand", { href: "#/" }, h("span.brand-sign", icon("signal", "small")), h("span", t("brand")));

function menu(session) {
  const items = [];
  let group = "";
  for (const page of allowed(session).filter((one) => one.nav)) {
    if (page.nav.group && page.nav.group !== group) items.push(h("div.nav-group", t((group = page.nav.group))));
    items.push(h("a.nav-link", { href: link(page.path), data: { path: page.path } }, icon(page.nav.icon), h("span.clip", t(page.nav.key))));
  }
  return h("nav.nav", { "aria-label": t("nav.label") }, items);
}

function who(session) {
  return h("div.who", h("span.avatar", { "aria-hidden": "true" }, format.initials(session.name)),
    h("div.grow", h("div.who-name.clip", session.name), h("div.tiny.quiet", t(`role.${session.role}`))));
}

function settings(frame, wide = false) {
  const other = LANGUAGES.find((known) => known !== language());
  return h("div.settings",
    button(t("theme.change"), { icon: isDark() ? "sun" : "moon", kind: "plain small", iconOnly: true, keys: "t", class: "theme-switch", onclick: () => theme(isDark() ? "light" : "dark") }),
    button(t(`language.${other}`), { icon: "language", kind: "plain small", iconOnly: true, onclick: () => change(frame, other) }),
    wide && button(t("keys.help"), { icon: "keyboard", kind: "plain small", iconOnly: true, keys: "?", onclick: help }),
    h("span.grow"),
    button(t("signout"), { icon: "signOut", kind: "plain small", iconOnly: true, onclick: frame.signOut }));
}

function top(frame) {
  const staff = frame.session.role === "agent";
  return h("header.shell-top",
    staff && button(t("nav.open"), { icon: "menu", kind: "plain", iconOnly: true, onclick: () => drawer(frame) }),
    brand(), h("span.grow"), !staff && settings(frame));
}

function drawer(frame) {
  openDialog({
    title: t("brand"), side: "left", kind: "menu",
    body: (close) => {
      const box = h("div.shell-side", menu(frame.session), h("div.shell-foot", who(frame.session), settings(frame)));
      box.addEventListener("click", (event) => { if (event.target.closest("a")) close(); });
      return box;
    },
    onopen: () => mark(),
  });
}

async function change(frame, wanted) {
  await speak(wanted, { keep: true });
  closeDialogs();
  await frame.again();
}

const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const isDark = () => (document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : dark());

function theme(wanted) {
  document.documentElement.dataset.theme = wanted;
  for (const node of document.querySelectorAll(".theme-switch")) fill(node, icon(wanted === "dark" ? "sun" : "moon", "small"));
  try {
    localStorage.setItem("telecom.theme", wanted);
  } catch {
    // It is forgotten with the page.
  }
  announce(t(`theme.${wanted}`));
}

function help() {
  if (document.querySelector("dialog[open]")) return;
  openDialog({
    title: t("keys.title"),
    body: h("div.keys", shortcuts.listed().map((one) => [h("span.row.tight", one.keys.split(" ").map((key) => h("kbd", key))), h("span", one.words)])),
  });
}
