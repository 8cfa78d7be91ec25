/**
 * Every page: its address, who sees it, and the module that draws it, which is loaded when it is first opened.
 *
 * `path`: with `:name` for parameters. `words`: files of words that it needs besides `base`. `nav`: a place in the
 * menu (`key` for the words, `icon`, `group` for a heading). `full`: it fills the screen and scrolls inside. `allowed`:
 * whether it is for this session. The first page that is allowed is where a session begins.
 */

const agents = (session) => session.role === "agent";
const customers = (session) => session.role === "customer";
const analysts = (session) => agents(session) && session.customers === null && session.scopes.includes("read:analytics");

const reviewers = (session) => agents(session) && session.scopes.includes("review:answers");

const analysis = (name, icon) => ({
  path: `/analytics/${name}`, words: name === "assistant" ? ["analysts", "names"] : "analysts", allowed: analysts, load: () => import(`./views/analytics/${name}.js`),
  nav: { key: `nav.analytics.${name}`, icon, group: "nav.analysis" },
});

export const PAGES = [
  {
    path: "/queue", words: "desk", allowed: agents, load: () => import("./views/queue.js"),
    nav: { key: "nav.queue", icon: "queue" },
  },
  { path: "/customers/:id", words: ["desk", "told"], allowed: agents, full: true, under: "/queue", load: () => import("./views/customer.js") },
  { path: "/chat", words: ["desk", "told"], allowed: customers, full: true, load: () => import("./views/portal.js") },
  analysis("customers", "table"),
  analysis("segments", "chart"),
  analysis("drift", "signal"),
  analysis("models", "model"),
  analysis("assistant", "spark"),
  analysis("sql", "database"),
  {
    path: "/review", words: ["review", "names", "desk"], allowed: reviewers, load: () => import("./views/review.js"),
    nav: { key: "nav.review", icon: "review", group: "nav.analysis" },
  },
];
