// Before anything is painted: the theme that was chosen here, or the one of the system.
(function () {
  let chosen = null;
  try { chosen = localStorage.getItem("storywave-theme"); } catch { /* storage is closed here */ }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen || (dark ? "dark" : "light");
})();
