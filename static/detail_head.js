/**
 * The head of the detail: symbol and name, ways elsewhere, and the live values in fixed places, so that nothing moves
 * but the digits. `detail.js` makes one.
 */

import { element, write } from "./dom.js";
import { newYorkTime } from "./format.js";
import { tookWords, totalOf, wayWords } from "./ways.js";

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

const HOW = "From the newest event of this symbol to this window. How far the clocks are apart is told by what came from the"
  + " server in the last minute and was least on its way.";

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
    this.way = element("p", { class: "way", "data-way": "", title: HOW });
    this.shownWay = "";
    const words = element("h2", {}, this.title, " ", this.name);
    host.append(
      element("div", { class: "detail-head" }, words, this.note, this.links, copying, away),
      element("dl", { class: "facts" }, ...facts),
      this.way,
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
  /** @param {import("./ways.js").Told | null} told how old the values are, and where that time went */
  paintWay(told) {
    const words = told === null ? "" : wayWords(told);
    if (words === this.shownWay) return;
    this.shownWay = words;
    this.way.setAttribute("data-way", told?.source ?? "");
    this.way.replaceChildren(...(told === null ? [] : wayParts(told)));
  }
}

/**
 * @param {import("./ways.js").Told} told
 * @returns {Node[]} the longest stage stands out
 */
function wayParts({ age, source, stages, why }) {
  const old = element("b", {}, age);
  if (source === "") return [old, document.createTextNode(" "), element("span", {}, why)];
  const longest = Math.max(...stages.map(({ ms }) => ms));
  const steps = stages.map(({ words, ms }) => {
    return element("span", ms === longest ? { class: "most" } : {}, `→ ${words} ${tookWords(ms)}`);
  });
  const total = element("span", {}, `in all ${tookWords(totalOf(stages))}`);
  const parts = [old, element("span", {}, source === "live" ? "by the live feed: event" : "by snapshot: event"), ...steps, total];
  // Spaces are for who copies it or has it read out.
  return parts.flatMap((part) => [part, document.createTextNode(" ")]);
}
