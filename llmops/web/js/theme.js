// Before anything is painted: the theme that this person chose. A classic script, because modules come too late.
(function () {
  try {
    const chosen = localStorage.getItem("telecom.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // No storage: the system's theme.
  }
})();
