/**
 * The columns of a list as a choice among all fields; they stand in the order in which they were chosen. `builder.js`
 * owns it and hears of changes as of any other input of its form.
 */

import { MARKS } from "./columns.js";
import { element, write } from "./dom.js";

/** @typedef {import("./columns.js").Field} Field */

const USUAL = "the usual ones";

export class ColumnChoice {
  /**
   * @param {HTMLElement} box
   * @param {HTMLElement} summary
   */
  constructor(box, summary) {
    this.box = box;
    this.summary = summary;
    /** @type {string[]} */
    this.chosen = [];
    /** @type {Map<string, HTMLInputElement>} */
    this.inputs = new Map();
    /** @type {Map<string, Field>} */
    this.catalogue = new Map();
    box.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement) this.#changed(target);
    });
  }

  /** @param {Map<string, Field>} catalogue */
  setCatalogue(catalogue) {
    this.catalogue = catalogue;
    const fields = [...catalogue.values()].filter(({ name }) => name !== "symbol" && !MARKS.has(name));
    this.inputs = new Map(fields.map(({ name }) => [name, element("input", { type: "checkbox", value: name })]));
    this.box.replaceChildren(...fields.map(({ name, title, meaning }) => {
      const input = /** @type {HTMLInputElement} */ (this.inputs.get(name));
      return element("label", { title: `${name}: ${meaning}` }, input, title);
    }));
    this.choose(this.chosen);
  }

  /** @param {string[]} columns */
  choose(columns) {
    this.chosen = columns;
    for (const [name, input] of this.inputs) input.checked = columns.includes(name);
    this.#sumUp();
  }

  /** @param {HTMLInputElement} input */
  #changed(input) {
    const others = this.chosen.filter((name) => name !== input.value);
    this.chosen = input.checked ? [...others, input.value] : others;
    this.#sumUp();
  }

  #sumUp() {
    const titles = this.chosen.map((name) => this.catalogue.get(name)?.title ?? name);
    write(this.summary, titles.length > 0 ? titles.join(" · ") : USUAL);
  }
}
