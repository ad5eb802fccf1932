/**
 * The activity log: who entered and left which list, the newest on top, filtered by list, event and symbol. A press on
 * a line looks at the symbol, though it has left. Lines are fixed slots, so new ones move text and no elements.
 */

import { filtered } from "./activity.js";
import { element, write } from "./dom.js";
import { newYorkTime, price } from "./format.js";

/**
 * @typedef {import("./activity.js").Entry} Entry
 * @typedef {{activity: import("./activity.js").Activity, painter: import("./dom.js").Painter,
 *   lists: () => readonly {name: string, title: string}[], select: (group: string, symbol: string) => void,
 *   selected: (group: string) => string}} Parts
 */

export const MOST_SHOWN = 200;
const EVENTS = Object.freeze([["", "entries and exits"], ["entered", "entries"], ["left", "exits"]]);
const SIGNS = Object.freeze({ entered: "▲ in", left: "▽ out" });
const WORDS = Object.freeze({ entered: "entered", left: "left" });

/**
 * @param {string} caption
 * @param {HTMLTableSectionElement} body with rows of five cells
 */
export function activityTable(caption, body) {
  const columns = element("colgroup", {}, ...Array.from({ length: 5 }, () => element("col")));
  return element("table", { class: "activity" }, element("caption", {}, caption), columns, body);
}

export class ActivityLog {
  /**
   * @param {HTMLElement} host
   * @param {Parts} parts
   * @param {() => string} group the colour whose symbol a press chooses
   */
  constructor(host, parts, group) {
    this.parts = parts;
    this.group = group;
    this.wanted = { list: "", event: "", symbol: "" };
    /** @type {Line[]} */
    this.lines = [];
    /** @type {readonly Entry[]} */
    this.shown = [];
    this.listNames = "";
    this.list = element("select", { "aria-label": "List" });
    const event = element("select", { "aria-label": "Event" });
    event.append(...EVENTS.map(([value = "", words = ""]) => element("option", { value }, words)));
    const symbol = element("input", { "aria-label": "Symbol", placeholder: "Symbol", spellcheck: "false", maxlength: "32" });
    this.list.addEventListener("change", () => this.#want({ list: this.list.value }));
    event.addEventListener("change", () => this.#want({ event: event.value }));
    symbol.addEventListener("input", () => this.#want({ symbol: symbol.value }));
    this.body = element("tbody");
    this.table = activityTable("Entries and exits", this.body);
    this.empty = element("p", { class: "note" });
    this.region = element("div", { class: "log-region", role: "region", tabindex: "0", "aria-label": "Entries and exits" }, this.table, this.empty);
    host.classList.add("log");
    host.append(element("div", { class: "log-filters" }, this.list, event, symbol), this.region);
    this.body.addEventListener("click", ({ target }) => this.#pressed(target));
    this.paint();
  }

  /** @param {{list?: string, event?: string, symbol?: string}} wish */
  #want(wish) {
    Object.assign(this.wanted, wish);
    this.parts.painter.request(this);
  }

  paint() {
    this.#nameLists();
    const { activity } = this.parts;
    this.shown = filtered(activity.entries, this.wanted, MOST_SHOWN);
    while (this.lines.length < this.shown.length) this.#addLine();
    const chosen = this.parts.selected(this.group());
    this.lines.forEach((line, index) => line.paint(this.shown[index] ?? null, this.titles, chosen));
    const unfiltered = Object.values(this.wanted).every((wish) => wish === "");
    const nobody = this.parts.lists().length > 0 ? "nobody entered or left a list yet" : "waiting for the server";
    write(this.empty, this.shown.length > 0 ? "" : unfiltered ? nobody : "none is like that");
  }

  /** What is seen, the newest first. */
  sheet() {
    const rows = this.shown.map(({ timestamp, symbol, event, list, rank, price: at, reason }) => {
      return [new Date(timestamp).toISOString(), symbol, event, list, rank, at, reason];
    });
    return [["time", "symbol", "event", "list", "rank", "price", "reason"], ...rows];
  }

  #nameLists() {
    const lists = this.parts.lists();
    this.titles = new Map(lists.map(({ name, title }) => [name, title]));
    const names = JSON.stringify([...this.titles]);
    if (names === this.listNames) return;
    this.listNames = names;
    const options = lists.map(({ name, title }) => element("option", { value: name }, title));
    this.list.replaceChildren(element("option", { value: "" }, "all lists"), ...options);
    this.list.value = this.titles.has(this.wanted.list) ? this.wanted.list : "";
    this.wanted.list = this.list.value;
  }

  #addLine() {
    const line = new Line();
    this.lines.push(line);
    this.body.append(line.row);
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    const row = target instanceof Element ? target.closest("tr") : null;
    const entry = this.shown[this.lines.findIndex((line) => line.row === row)];
    if (entry !== undefined) this.parts.select(this.group(), entry.symbol);
  }
}

class Line {
  constructor() {
    this.time = element("td");
    this.symbol = element("button", { type: "button", class: "symbol" });
    this.event = element("td");
    this.list = element("td", { class: "list" });
    this.price = element("td", { class: "price" });
    this.row = element("tr", {}, this.time, element("td", {}, this.symbol), this.event, this.list, this.price);
  }

  /**
   * @param {Entry | null} entry
   * @param {Map<string, string> | undefined} titles
   * @param {string} chosen
   */
  paint(entry, titles, chosen) {
    this.row.hidden = entry === null;
    if (entry === null) return;
    const title = titles?.get(entry.list) ?? entry.list;
    write(this.time, newYorkTime(entry.timestamp));
    write(this.symbol, entry.symbol);
    write(this.event, SIGNS[entry.event]);
    write(this.list, title);
    write(this.price, price(entry.price));
    this.event.className = entry.event;
    this.row.dataset.symbol = entry.symbol;
    this.row.dataset.event = entry.event;
    this.row.toggleAttribute("data-chosen", entry.symbol === chosen);
    const rank = entry.rank === null ? "" : ` at rank ${entry.rank}`;
    const why = entry.event === "left" && entry.reason !== "" ? `: ${entry.reason}` : "";
    this.row.title = `${entry.symbol} ${WORDS[entry.event]} ${title}${rank}${why}`;
  }
}
