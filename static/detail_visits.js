/**
 * The chosen symbol's visits to lists today, the newest first: when it came and went, at which rank and price, and why.
 * What the server remembers is asked for when it is looked at; what happens meanwhile comes from the activity.
 */

import { Activity, filtered } from "./activity.js";
import { element } from "./dom.js";
import { newYorkTime, price } from "./format.js";

const MOST = 300;

export class DetailVisits {
  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Ask} ask
   * @param {Activity} activity of all symbols
   * @param {() => readonly {name: string, title: string}[]} lists
   */
  constructor(host, ask, activity, lists) {
    this.ask = ask;
    this.activity = activity;
    this.lists = lists;
    this.symbol = "";
    this.version = -1;
    this.known = new Activity();
    this.body = element("tbody");
    this.note = element("p", { class: "as-of", role: "status" });
    const head = element("tr", {}, ...["Time", "", "List", "Rank", "Price", "Why"].map((title) => element("th", {}, title)));
    host.append(this.note, element("table", { class: "visits" }, element("thead", {}, head), this.body));
  }

  /**
   * @param {string} symbol
   * @param {number | null} since where its day begins
   */
  async load(symbol, since) {
    this.symbol = symbol;
    this.known = new Activity();
    this.note.textContent = "asking ...";
    const from = since === null ? "" : `&from=${since}`;
    const path = `/api/v1/history/events?symbol=${encodeURIComponent(symbol)}&limit=${MOST}${from}`;
    const { content, refusal } = await this.ask("GET", path);
    if (symbol !== this.symbol) return;
    if (content !== null) this.known.load(content.events);
    const partial = content?.complete === false ? "what was longer ago is not known" : "";
    this.note.textContent = refusal?.message ?? partial;
    this.version = -1;
    this.paint();
  }

  clear() {
    this.symbol = "";
    this.known = new Activity();
    this.body.replaceChildren();
    this.note.textContent = "";
  }

  paint() {
    if (this.symbol === "" || this.version === this.activity.version) return;
    this.version = this.activity.version;
    const live = this.activity.entries.filter(({ symbol }) => symbol === this.symbol);
    const told = new Set(this.known.entries.map((entry) => `${entry.timestamp} ${entry.list} ${entry.event}`));
    const fresh = live.filter((entry) => !told.has(`${entry.timestamp} ${entry.list} ${entry.event}`));
    const all = [...fresh, ...this.known.entries].sort((one, other) => other.timestamp - one.timestamp);
    const titles = new Map(this.lists().map(({ name, title }) => [name, title]));
    this.body.replaceChildren(...filtered(all, { list: "", event: "", symbol: "" }, MOST).map((entry) => line(entry, titles)));
    if (all.length === 0 && this.note.textContent === "") this.note.textContent = "it was in no list today";
  }
}

/**
 * @param {import("./activity.js").Entry} entry
 * @param {Map<string, string>} titles
 */
function line(entry, titles) {
  const cells = [
    newYorkTime(entry.timestamp), entry.event === "entered" ? "in" : "out", titles.get(entry.list) ?? entry.list,
    entry.rank === null ? "" : String(entry.rank), price(entry.price), entry.event === "left" ? entry.reason : "",
  ];
  return element("tr", { class: entry.event }, ...cells.map((text) => element("td", {}, text)));
}
