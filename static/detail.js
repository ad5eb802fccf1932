/**
 * The chosen symbol in a strip of its own: its live values as they come over the socket, or in words why there are
 * none. Every value keeps its place and width, so that nothing moves but the digits.
 */

import { byId, element, write } from "./dom.js";
import { newYorkTime } from "./format.js";

/**
 * @typedef {import("./watching.js").Watching} Watching
 * @typedef {import("./columns.js").Column} Column
 */

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

export class Detail {
  /**
   * @param {Watching} watching
   * @param {(field: string) => Column} column
   */
  constructor(watching, column) {
    this.watching = watching;
    this.column = column;
    this.name = "";
    this.section = byId("detail");
    this.facts = FACTS.map(([field]) => ({ field, value: element("dd", { "data-field": field }) }));
    this.facts.forEach(({ value }, index) => {
      const label = element("dt", { class: "label" }, FACTS[index]?.[1] ?? "");
      byId("detail-facts").append(element("div", { class: "fact" }, label, value));
    });
  }

  paint() {
    const { symbol, values, live } = this.watching;
    this.section.hidden = symbol === "";
    if (symbol === "") {
      this.section.removeAttribute("data-symbol");
      return;
    }
    this.section.setAttribute("data-symbol", symbol);
    this.section.toggleAttribute("data-old", !live);
    write(byId("detail-symbol"), symbol);
    write(byId("detail-name"), this.name);
    write(byId("detail-note"), noteOf(this.watching));
    const row = { rank: 0, symbol, ...values };
    for (const { field, value } of this.facts) {
      const column = this.column(field);
      write(value, column.text(row));
      value.className = column.tone(row);
    }
  }
}
