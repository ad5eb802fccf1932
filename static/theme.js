/**
 * Dark until the reader chooses light; the choice is kept in this browser. The system's wish is not asked, as most
 * systems say "light" without anybody having wished for it.
 */

const KEY = "tradeul.theme";

export function applyStoredTheme() {
  document.documentElement.dataset.theme = stored() === "light" ? "light" : "dark";
}

export function toggleTheme() {
  const page = document.documentElement.dataset;
  const theme = page.theme === "light" ? "dark" : "light";
  page.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be forbidden; the theme then lasts as long as the page.
  }
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
