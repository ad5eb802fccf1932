/** The plain controls that the page's sheets are made of: a button that acts, a control with its words beside it. */

import { element } from "./dom.js";

/**
 * @param {string} words
 * @param {HTMLElement} control
 */
export function labelled(words, control) {
  return element("label", {}, element("span", {}, words), control);
}

/**
 * @param {string} words
 * @param {() => void} act
 */
export function buttonOf(words, act) {
  const button = element("button", { type: "button" }, words);
  button.addEventListener("click", act);
  return button;
}
