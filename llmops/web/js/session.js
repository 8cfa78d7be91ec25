/** Who is signed in. The token stays in this tab's sessionStorage; behind a proxy that signs people in there is none. */

const KEPT = "telecom.token";
const TOKEN = /^#token=([A-Za-z0-9_.~-]{1,8192})$/;
let token = null;

/** Takes `#token=…` out of the address, or what this tab kept. */
export function begin() {
  const given = TOKEN.exec(location.hash);
  if (given) {
    keep(given[1]);
    history.replaceState(null, "", `${location.pathname}${location.search}#/`);
  } else {
    token = stored();
  }
}

/** The headers that say who asks. */
export const credentials = () => (token ? { Authorization: `Bearer ${token}` } : {});

/** Whether somebody gave a token. */
export const hasToken = () => token !== null;

/** Signs in with a token. */
export function keep(given) {
  token = given.trim().replace(/^Bearer\s+/i, "");
  try {
    sessionStorage.setItem(KEPT, token);
  } catch {
    // It is forgotten with the page.
  }
}

/** Signs out. */
export function forget() {
  token = null;
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // Nothing was kept.
  }
}

function stored() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
