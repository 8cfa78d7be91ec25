/** The beginning: who is signed in, in which language; then the frame, or the way in. */

import { get, onSignedOut } from "./api.js";
import { fill } from "./dom.js";
import { LANGUAGES, chosen, speak } from "./i18n.js";
import * as session from "./session.js";
import { leave, showShell } from "./shell.js";
import { forgetTalks, talksOf } from "./parts/talks.js";
import { closeDialogs } from "./components/dialog.js";
import { signIn } from "./signin.js";

const app = document.getElementById("app");

async function start() {
  session.begin();
  const asked = get("/v1/session");
  asked.catch(() => {});
  await speak(chosen() ?? LANGUAGES.find((known) => navigator.language.startsWith(known.slice(0, 2))) ?? LANGUAGES[0]);
  onSignedOut(() => {
    if (!app.querySelector(".signin")) out("session.over");
  });
  await enter(asked);
}

/** Asks who this is, and shows what they may see. */
async function enter(asked = get("/v1/session")) {
  try {
    const told = await asked;
    talksOf(`${told.role}:${told.name}`);
    if (!chosen()) await speak(told.language);
    await showShell(app, told, { signOut: () => { forgetTalks(); out(); } });
  } catch (error) {
    out(session.hasToken() ? "session.refused" : "", error);
  }
}

function out(reason = "", error = null) {
  const refused = error && error.status !== 401 ? error.words : "";
  const had = session.hasToken();
  session.forget();
  leave();
  closeDialogs();
  fill(app, signIn({ reason: had || refused ? reason : "", refused, onToken: (token) => { session.keep(token); return enter(); } }));
  app.querySelector("textarea")?.focus();
}

start();
