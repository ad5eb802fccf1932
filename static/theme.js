/**
 * How the page looks: dark until the reader chooses light, the colours of up and down, the size of the text. Choices are
 * kept in this browser. The system's wish for light is not asked, as most say "light" without anybody having wished it.
 */

/** @typedef {{theme: string, palette: string, text: string}} Looks */

/** @type {{[part in keyof Looks]: readonly string[]}} the first of each is the usual one */
export const CHOICES = Object.freeze({
  theme: ["dark", "light"],
  palette: ["usual", "safe"],
  text: ["normal", "large", "huge"],
});
const PARTS = /** @type {(keyof Looks)[]} */ (Object.keys(CHOICES));
const SCALES = new Map([["normal", 1], ["large", 1.15], ["huge", 1.3]]);

/** @param {keyof Looks} part */
export function look(part) {
  return document.documentElement.dataset[part] ?? "";
}

/** @returns {number} how much larger than usual text is */
export function scale() {
  return SCALES.get(look("text")) ?? 1;
}

export function applyStoredTheme() {
  for (const part of PARTS) show(part, stored(part));
}

/**
 * @param {keyof Looks} part
 * @param {string} choice
 */
export function setLook(part, choice) {
  show(part, choice);
  try {
    localStorage.setItem(`tradeul.${part}`, choice);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

export function toggleTheme() {
  setLook("theme", look("theme") === "light" ? "dark" : "light");
}

/**
 * @param {keyof Looks} part
 * @param {string | null} choice
 */
function show(part, choice) {
  const known = choice !== null && CHOICES[part].includes(choice);
  document.documentElement.dataset[part] = known ? choice : (CHOICES[part][0] ?? "");
  if (part === "text") document.documentElement.style.setProperty("--scale", String(scale()));
}

/** @param {keyof Looks} part */
function stored(part) {
  try {
    return localStorage.getItem(`tradeul.${part}`);
  } catch {
    return null;
  }
}
