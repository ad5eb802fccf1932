/**
 * A text box for a condition or an order: marks the place of an error in the text, and suggests field names while one
 * is typed. The marked place lies under the text in a copy of it; `builder.js` owns one per box.
 */

import { element } from "./dom.js";
import { matching, placeOf, wordAt } from "./definition.js";

/** @typedef {import("./columns.js").Field} Field */

export class ConditionInput {
  /**
   * @param {HTMLTextAreaElement} box
   * @param {() => Iterable<Field>} fields
   */
  constructor(box, fields) {
    this.box = box;
    this.fields = fields;
    /** @type {Field[]} */
    this.suggested = [];
    this.selected = 0;
    this.under = element("div", { class: "under", "aria-hidden": "true" });
    this.list = element("ul", { class: "suggestions", role: "listbox", id: `${box.id}-fields`, hidden: "" });
    box.before(this.under);
    box.after(this.list);
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-controls", this.list.id);
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-expanded", "false");
    box.addEventListener("input", () => this.#typed());
    box.addEventListener("keydown", (event) => this.#pressed(event));
    box.addEventListener("blur", () => this.close());
    box.addEventListener("scroll", () => this.#follow(), { passive: true });
    // A press must not take the focus from the text.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) => this.#clicked(target));
  }

  /** @param {number | null} column where the text is wrong, from 1; null if it is not */
  mark(column) {
    this.under.replaceChildren();
    if (column === null) return;
    const { value } = this.box;
    const { from, to } = placeOf(value, column);
    const place = element("mark", {}, value.slice(from, to) || " ");
    this.under.append(value.slice(0, from), place, `${value.slice(to)}\n`);
    this.#follow();
  }

  /**
   * @param {number} column where what is to be replaced begins, from 1
   * @param {string} text
   */
  mend(column, text) {
    const { from, to } = placeOf(this.box.value, column);
    this.#replace(from, to, text);
  }

  close() {
    this.suggested = [];
    this.#show();
  }

  #follow() {
    this.under.scrollTop = this.box.scrollTop;
  }

  #typed() {
    this.mark(null);
    const { from, to } = wordAt(this.box.value, this.box.selectionEnd);
    this.suggested = matching(this.fields(), this.box.value.slice(from, to));
    this.selected = 0;
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (this.suggested.length === 0 || event.ctrlKey || event.metaKey) return;
    const steps = /** @type {{[key: string]: number}} */ ({ ArrowDown: 1, ArrowUp: -1 });
    const step = steps[event.key];
    if (step !== undefined) this.#select(this.selected + step);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) this.#take(this.selected);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {EventTarget | null} target */
  #clicked(target) {
    const option = target instanceof Element ? target.closest("li") : null;
    if (option !== null) this.#take([...this.list.children].indexOf(option));
  }

  /** @param {number} index */
  #take(index) {
    const field = this.suggested[index];
    if (field === undefined) return;
    const { from, to } = wordAt(this.box.value, this.box.selectionEnd);
    this.#replace(from, to, field.name);
    this.close();
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {string} text
   */
  #replace(from, to, text) {
    this.box.focus();
    this.box.setRangeText(text, from, to, "end");
    this.box.dispatchEvent(new Event("input", { bubbles: true }));
    this.close();
  }

  #show() {
    const options = this.suggested.map((field, index) => {
      const option = element("li", { role: "option", id: `${this.list.id}-${index}`, title: field.meaning });
      option.append(element("b", {}, field.name), element("span", {}, field.title));
      return option;
    });
    this.list.replaceChildren(...options);
    this.list.hidden = options.length === 0;
    this.box.setAttribute("aria-expanded", String(options.length > 0));
    this.#select(this.selected);
  }

  /** @param {number} index */
  #select(index) {
    const count = this.suggested.length;
    this.selected = count === 0 ? 0 : (index + count) % count;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === this.selected)));
    if (count === 0) this.box.removeAttribute("aria-activedescendant");
    else this.box.setAttribute("aria-activedescendant", `${this.list.id}-${this.selected}`);
  }
}
