/**
 * Every field of the chosen symbol in groups, with its meaning on hover and for who uses no pointer. What is told live
 * stays live; the rest is as of the moment it was asked for, and says so.
 */

import { element, write } from "./dom.js";
import { FIELD_GROUPS } from "./field_groups.js";
import { newYorkTime } from "./format.js";

/**
 * @typedef {import("./columns.js").Column} Column
 * @typedef {import("./bars.js").Values} Values
 */

export class DetailFields {
  /**
   * @param {HTMLElement} host
   * @param {(field: string) => Column} column
   */
  constructor(host, column) {
    this.column = column;
    this.asOf = element("p", { class: "as-of" });
    /** @type {{field: string, label: HTMLElement, value: HTMLElement}[]} */
    this.facts = [];
    host.append(this.asOf, ...FIELD_GROUPS.map(([title, fields]) => this.#group(title, fields)));
  }

  /**
   * @param {string} title
   * @param {readonly string[]} fields
   */
  #group(title, fields) {
    const list = element("dl");
    for (const field of fields) {
      const label = element("dt");
      const value = element("dd", { "data-field": field });
      this.facts.push({ field, label, value });
      list.append(element("div", {}, label, value));
    }
    return element("section", {}, element("h3", {}, title), list);
  }

  /**
   * @param {Values} values
   * @param {number | null} asOf when those that are not live were asked for
   */
  paint(values, asOf) {
    const row = { rank: 0, symbol: "", ...values };
    write(this.asOf, asOf === null ? "" : `What lists and the live feed do not tell: as of ${newYorkTime(asOf)}`);
    for (const { field, label, value } of this.facts) {
      const column = this.column(field);
      write(label, column.meaning.split(":")[0] ?? field);
      label.title = column.meaning;
      write(value, column.text(row));
      value.className = column.tone(row);
      value.title = value.textContent ?? "";
    }
  }
}
