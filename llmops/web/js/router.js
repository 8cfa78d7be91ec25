/** Addresses behind the `#`: `#/customers/7590-VHVEG?tab=chat`. */

/** The address as `{ path, query }`. */
export function here() {
  const [path, query = ""] = (location.hash.replace(/^#/, "") || "/").split("?");
  return { path: path.startsWith("/") ? path : "/", query: Object.fromEntries(new URLSearchParams(query)) };
}

/** An address for `href`. */
export function link(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return `#${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

/** Goes there; `replace` leaves no step in the history. */
export function go(path, query = {}, { replace = false } = {}) {
  const to = link(path, query);
  if (to === location.hash) return;
  if (replace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = to;
  }
}

/** The parameters where a path fits a pattern such as `/customers/:id`, else null. */
export function fits(pattern, path) {
  const wanted = pattern.split("/"), given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [place, part] of wanted.entries()) {
    if (part.startsWith(":")) {
      if (!given[place]) return null;
      params[part.slice(1)] = decoded(given[place]);
    } else if (part !== given[place]) {
      return null;
    }
  }
  return params;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
