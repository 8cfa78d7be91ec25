
"use strict";
// The page is complete without this: it marks the section in view and offers to copy digests.
const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
const seen = new Set();
const mark = () => {
  let current = null;
  for (const [id, link] of links) {
    link.removeAttribute("aria-current");
    if (!current && seen.has(id)) current = link;
  }
  if (current) current.setAttribute("aria-current", "true");
};
if ("IntersectionObserver" in window) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) seen[entry.isIntersecting ? "add" : "delete"](entry.target.id);
      mark();
    },
    { rootMargin: "-15% 0px -55% 0px" },
  );
  for (const id of links.keys()) observer.observe(document.getElementById(id));
}
for (const code of document.querySelectorAll("code[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + code.dataset.copy);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent.trim());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  code.after(button);
}
