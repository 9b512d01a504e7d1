/* Light or dark: the system's choice until the button says otherwise. Charts listen for `theme` on the document. */
"use strict";
const theme = {
  key: "tradewind-theme",
  dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
  remember(name) {
    try { localStorage.setItem(theme.key, name); } catch { /* a file opened from disk may have no storage */ }
  },
  remembered() {
    try { return localStorage.getItem(theme.key); } catch { return null; }
  },
  announce() { document.dispatchEvent(new Event("theme")); },
};
{
  const before = theme.remembered();
  if (before === "light" || before === "dark") document.documentElement.dataset.theme = before;
  /* On paper the charts are light, whatever the screen was. */
  let screen;
  addEventListener("beforeprint", () => {
    screen = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    theme.announce();
  });
  addEventListener("afterprint", () => {
    if (screen) document.documentElement.dataset.theme = screen; else delete document.documentElement.dataset.theme;
    theme.announce();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme.announce);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      const next = theme.dark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      theme.remember(next);
      theme.announce();
    });
  });
}
