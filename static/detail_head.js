/**
 * The head of the detail: symbol and name, ways elsewhere, and the live values in fixed places, so that nothing moves
 * but the digits. `detail.js` makes one.
 */

import { element, write } from "./dom.js";
import { newYorkTime } from "./format.js";

/** @typedef {import("./watching.js").Watching} Watching */

/** @type {readonly (readonly [field: string, label: string])[]} in the order in which they stand */
export const FACTS = Object.freeze([
  ["price", "Price"],
  ["change", "Change $"],
  ["change_percent", "Change"],
  ["volume_today", "Volume"],
  ["bid", "Bid"],
  ["ask", "Ask"],
  ["spread_bps", "Spread bps"],
  ["open", "Open"],
  ["change_from_open", "From open"],
  ["high", "High"],
  ["low", "Low"],
  ["vwap", "VWAP"],
  ["rvol", "RVOL"],
  ["rvol_slot", "RVOL slot"],
  ["updated", "Updated"],
]);

/**
 * @param {Watching} watching
 * @returns {string} what is to be known beyond the values
 */
export function noteOf(watching) {
  if (watching.refusal !== "") return watching.refusal;
  if (watching.values === null) return "waiting for its values";
  if (!watching.live) return `as of ${newYorkTime(watching.timestamp)}`;
  if (watching.values.halted === true) return "trading is halted";
  return watching.values.stale === true ? "the last snapshot did not hold it" : "";
}

/**
 * @param {string} template
 * @param {string} symbol
 * @returns {string} an address elsewhere, of which the symbol is a part that cannot lead anywhere else
 */
export function addressOf(template, symbol) {
  return template.replaceAll("{symbol}", encodeURIComponent(symbol));
}

export class DetailHead {
  /**
   * @param {HTMLElement} host
   * @param {(field: string) => import("./columns.js").Column} column
   * @param {{copy: () => void, letGo: () => void}} acts
   */
  constructor(host, column, { copy, letGo }) {
    this.column = column;
    this.title = element("b", { class: "symbol" });
    this.name = element("span", { class: "name" });
    this.note = element("p", { class: "note", role: "status" });
    this.links = element("span", { class: "links" });
    const copying = element("button", { type: "button", title: "Copy the symbol (c)" }, "Copy");
    copying.addEventListener("click", copy);
    const away = element("button", { type: "button", class: "let-go", "aria-label": "Let it go", title: "Let it go (Esc)" }, "✕");
    away.addEventListener("click", letGo);
    this.facts = FACTS.map(([field]) => ({ field, value: element("dd", { "data-field": field }) }));
    const facts = this.facts.map(({ value }, index) => {
      return element("div", { class: "fact" }, element("dt", { class: "label" }, FACTS[index]?.[1] ?? ""), value);
    });
    const words = element("h2", {}, this.title, " ", this.name);
    host.append(
      element("div", { class: "detail-head" }, words, this.note, this.links, copying, away),
      element("dl", { class: "facts" }, ...facts),
    );
  }

  /**
   * @param {string} symbol
   * @param {readonly {title: string, address: string}[]} links
   */
  turnTo(symbol, links) {
    write(this.title, symbol);
    this.links.replaceChildren(...links.map(({ title, address }) => {
      const attributes = { href: addressOf(address, symbol), target: "_blank", rel: "noopener noreferrer" };
      return element("a", attributes, title);
    }));
  }

  /**
   * @param {Watching} watching
   * @param {unknown} name
   */
  paint(watching, name) {
    write(this.note, noteOf(watching));
    write(this.name, typeof name === "string" ? name : "");
    const row = { rank: 0, symbol: watching.symbol, ...watching.values };
    for (const { field, value } of this.facts) {
      const column = this.column(field);
      write(value, column.text(row));
      value.className = column.tone(row);
    }
  }
}
