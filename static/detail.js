/**
 * The chosen symbol closely: its live values, the chart of its day, every field, why it is in which list, its visits
 * today, and ways elsewhere. Live values come over the socket; the rest is asked for when it is looked at. A panel of
 * this kind follows the symbol of its colour.
 */

import { DayView } from "./day_view.js";
import { DetailFields } from "./detail_fields.js";
import { DetailHead } from "./detail_head.js";
import { DetailLists } from "./detail_lists.js";
import { DetailVisits } from "./detail_visits.js";
import { element } from "./dom.js";

/**
 * @typedef {import("./bars.js").Values} Values
 *
 * What it needs of the page, whatever panel it is in.
 * @typedef {{ask: import("./api.js").Ask, painter: import("./dom.js").Painter,
 *   column: (field: string) => import("./columns.js").Column,
 *   watching: (group: string) => import("./watching.js").Watching,
 *   lists: () => readonly {name: string, title: string}[], rowOf: (symbol: string) => Values,
 *   activity: import("./activity.js").Activity, links: () => readonly {title: string, address: string}[],
 *   now: () => number | null, wayOf: (symbol: string, updated: unknown) => import("./ways.js").Told | null,
 *   select: (group: string, symbol: string) => void, copy: (symbol: string) => void}} Parts
 */

const TABS = Object.freeze({ lists: "Lists", visits: "Visits", fields: "Fields" });
/** @typedef {keyof typeof TABS} Tab */
const NAMES = /** @type {Tab[]} */ (Object.keys(TABS));

export class Detail {
  /**
   * @param {HTMLElement} host
   * @param {Parts} parts
   * @param {() => string} group
   */
  constructor(host, parts, group) {
    this.host = host;
    this.parts = parts;
    this.group = group;
    this.symbol = "";
    /** Whether the values were live when they were painted last. */
    this.live = false;
    this.loaded = false;
    /** @type {Tab} */
    this.tab = "lists";
    /** @type {Values} */
    this.told = {};
    /** @type {number | null} */
    this.toldAt = null;
    /** @type {DayView | null} made for the first symbol: the chart's library is not fetched before */
    this.day = null;
    host.classList.add("detail");
    host.append(element("p", { class: "idle" }, "Press a row, or / to search: the symbol is followed here, live."));
    this.head = new DetailHead(host, parts.column, {
      copy: () => parts.copy(this.symbol),
      letGo: () => parts.select(group(), ""),
    });
    this.chartHost = element("section", { class: "day", "aria-label": "Chart of today" });
    this.pages = { lists: element("div", { class: "page" }), visits: element("div", { class: "page" }), fields: element("div", { class: "page" }) };
    this.lists = new DetailLists(this.pages.lists, parts.ask, parts.lists);
    this.visits = new DetailVisits(this.pages.visits, parts.ask, parts.activity, parts.lists);
    this.fields = new DetailFields(this.pages.fields, parts.column);
    this.tabs = NAMES.map((name) => this.#tab(name));
    host.append(element("div", { class: "detail-body" }, this.chartHost, this.#more()));
    this.show("lists");
    this.paint();
  }

  close() {
    this.day?.close();
    this.day = null;
    this.host.replaceChildren();
  }

  paint() {
    const watching = this.parts.watching(this.group());
    const { symbol, values, live } = watching;
    if (symbol !== this.symbol) this.#turnTo(symbol);
    this.host.toggleAttribute("data-idle", symbol === "");
    if (symbol === "") return;
    // What was missed while the connection was lost is asked for anew.
    if (live && !this.live && this.loaded) void this.#load();
    this.live = live;
    this.host.toggleAttribute("data-old", !live);
    const row = this.parts.rowOf(symbol);
    this.head.paint(watching, row.name ?? this.told.name);
    this.head.paintWay(this.parts.wayOf(symbol, values?.updated));
    if (values !== null && live && this.day?.take(values)) this.day.paint();
    if (this.tab === "visits") this.visits.paint();
    if (this.tab === "fields") this.fields.paint({ ...this.told, ...row, ...values }, this.toldAt);
  }

  /** The market stands elsewhere: what was drawn of this day may not have happened yet. */
  leap() {
    if (this.symbol === "") return;
    this.day?.leave();
    void this.#load();
  }

  /** Values grow old without being told anew. */
  beat() {
    if (this.symbol === "") return;
    this.head.paintWay(this.parts.wayOf(this.symbol, this.parts.watching(this.group()).values?.updated));
  }

  /** @param {Tab} name of the page that is to be seen */
  show(name) {
    this.tab = name;
    for (const [index, tab] of this.tabs.entries()) tab.setAttribute("aria-pressed", String(NAMES[index] === name));
    for (const page of NAMES) this.pages[page].hidden = page !== name;
    if (this.symbol === "") return;
    this.#loadPage();
    this.parts.painter.request(this);
  }

  /** @param {string} symbol */
  #turnTo(symbol) {
    this.symbol = symbol;
    this.live = false;
    this.loaded = false;
    this.told = {};
    this.toldAt = null;
    this.lists.clear();
    this.visits.clear();
    this.head.turnTo(symbol, this.parts.links());
    if (symbol === "") {
      this.host.removeAttribute("data-symbol");
      return;
    }
    this.host.setAttribute("data-symbol", symbol);
    this.day ??= new DayView(this.chartHost, this.parts.ask);
    void this.#load();
    this.#loadPage();
  }

  async #load() {
    const { symbol, day } = this;
    this.loaded = false;
    const told = await day?.load(symbol);
    if (symbol !== this.symbol || day !== this.day) return;
    this.loaded = true;
    this.told = told ?? this.told;
    this.toldAt = told ? this.parts.now() : this.toldAt;
    this.parts.painter.request(this);
  }

  #loadPage() {
    const { symbol, tab } = this;
    if (tab === "lists" && this.lists.symbol !== symbol) void this.lists.load(symbol);
    if (tab === "visits" && this.visits.symbol !== symbol) {
      void this.visits.load(symbol, this.day?.day?.pre_market_start ?? null);
    }
  }

  /** @param {Tab} name */
  #tab(name) {
    const tab = element("button", { type: "button", "data-tab": name }, TABS[name]);
    tab.addEventListener("click", () => this.show(name));
    return tab;
  }

  #more() {
    const choice = element("div", { class: "choice", role: "group", "aria-label": "More of it" }, ...this.tabs);
    const pages = NAMES.map((name) => this.pages[name]);
    const region = element("div", { class: "pages", role: "region", tabindex: "0", "aria-label": "More of the symbol" }, ...pages);
    return element("section", { class: "more", "aria-label": "Lists, visits and fields" }, choice, region);
  }
}
