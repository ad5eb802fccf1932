/**
 * The time machine: any list as it stood at any second of a day that is kept, with who came and went around it, and a
 * file of it. A dialog with a slider; nothing in it moves by itself. The server is asked as the slider moves, one
 * question at a time.
 */

import { buttonOf, labelled } from "./controls.js";
import { element, write } from "./dom.js";
import { money, newYorkTime, price, rvol, shares, signedPercent } from "./format.js";
import { AROUND_MS, momentOf, NewestOnly, resolutionWords, within } from "./moments.js";

/**
 * @typedef {import("./moments.js").Day} Day
 * @typedef {{rank: number, symbol: string, price: number | null, change_percent: number | null, rvol: number | null,
 *   volume: number | null, market_cap: number | null}} RowThen
 * @typedef {{list: string, at: number}} Wish
 * @typedef {{then: import("./api.js").Answer, events: import("./api.js").Answer}} Told
 * @typedef {{ask: import("./api.js").Ask, look: (symbol: string) => void, current: () => string,
 *   lists: () => readonly {name: string, title: string}[]}} Page
 */

const PATH = "/api/v1/history";
const MOST_EVENTS = 500;
const COLUMNS = ["#", "Symbol", "Price", "Chg", "RVol", "Vol", "Cap"];
const EVENT_COLUMNS = ["Time", "", "Symbol", "Rank", "Price", "Why"];
/** Seconds, and what the buttons that go so far are called. */
const STEPS = /** @type {const} */ ([[-60, "−1 min"], [-5, "−5 s"], [5, "+5 s"], [60, "+1 min"]]);

export class TimeMachine {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Day[]} */
    this.days = [];
    this.at = 0;
    this.list = element("select");
    this.day = element("select");
    this.slider = element("input", { type: "range", step: "1000", "aria-label": "Moment of the day" });
    this.time = element("input", { class: "time", size: "8", maxlength: "8", spellcheck: "false", autocomplete: "off" });
    this.words = element("p", { class: "resolution", role: "status" });
    this.rows = element("tbody");
    this.events = element("tbody");
    this.file = element("a", { class: "save", download: "" }, "Save as CSV");
    this.newest = new NewestOnly(
      (/** @type {Wish} */ wish) => this.#told(wish),
      (/** @type {Told} */ told, /** @type {Wish} */ wish) => this.#show(told, wish),
    );
    this.dialog = this.#make();
    document.body.append(this.dialog);
  }

  async open() {
    const current = this.page.current();
    this.list.replaceChildren(...this.page.lists().map(({ name, title }) => element("option", { value: name }, title)));
    if (current !== "") this.list.value = current;
    this.dialog.showModal();
    this.slider.focus();
    await this.#loadDays();
  }

  #make() {
    const close = element("button", { type: "button", "aria-label": "Close", title: "Close (Esc)" }, "✕");
    close.addEventListener("click", () => this.dialog.close());
    this.list.addEventListener("change", () => void this.#loadDays());
    this.day.addEventListener("change", () => this.#turnTo(this.#chosen()?.last ?? 0));
    this.slider.addEventListener("input", () => this.#go(Number(this.slider.value)));
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    this.time.addEventListener("change", () => this.#typed());
    for (const body of [this.rows, this.events]) body.addEventListener("click", ({ target }) => this.#pressed(target));
    const steps = STEPS.map(([seconds, words]) => buttonOf(words, () => this.#go(this.at + seconds * 1_000)));
    const places = [
      buttonOf("Open", () => this.#go(this.#chosen()?.market_open ?? 0)),
      buttonOf("Close", () => this.#go(this.#chosen()?.market_close ?? 0)),
    ];
    return element("dialog", { id: "machine", "aria-labelledby": "machine-title" },
      element("header", {}, element("h2", { id: "machine-title" }, "Time machine"), close),
      element("div", { class: "choose" },
        labelled("List", this.list), labelled("Day", this.day), labelled("New York", this.time),
        element("div", { class: "steps", role: "group", "aria-label": "Go" }, ...steps, ...places), this.file),
      this.slider, this.words,
      tableOf("then", "The list as it stood", COLUMNS, this.rows),
      tableOf("around", "Who came and went, five minutes before and after", EVENT_COLUMNS, this.events));
  }

  #chosen() {
    return this.days.find(({ date }) => date === this.day.value);
  }

  async #loadDays() {
    const list = this.list.value;
    const { content, refusal } = await this.page.ask("GET", `${PATH}/lists/${encodeURIComponent(list)}/days`);
    if (list !== this.list.value) return;
    const before = this.day.value;
    this.days = content?.days ?? [];
    this.day.replaceChildren(...this.days.map(({ date }) => element("option", { value: date }, date)));
    if (this.days.some(({ date }) => date === before)) this.day.value = before;
    const nothing = this.days.length === 0;
    for (const control of [this.day, this.slider, this.time]) control.disabled = nothing;
    if (nothing) return this.#nothing(refusal?.message ?? "nothing is kept of this list yet");
    // Another list is looked at at the same moment.
    this.#turnTo(this.day.value === before && this.at > 0 ? this.at : this.#chosen()?.last ?? 0);
  }

  /** @param {number} moment of the day that was chosen */
  #turnTo(moment) {
    const day = this.#chosen();
    if (day === undefined) return;
    this.slider.min = String(within(day, day.first));
    this.slider.max = String(within(day, day.last));
    this.#go(moment);
  }

  /** @param {number} moment */
  #go(moment) {
    const day = this.#chosen();
    if (day === undefined) return;
    this.at = within(day, moment);
    this.slider.value = String(this.at);
    const wall = newYorkTime(this.at);
    this.slider.setAttribute("aria-valuetext", `${wall} New York`);
    this.time.value = wall;
    this.time.removeAttribute("aria-invalid");
    const list = encodeURIComponent(this.list.value);
    this.file.href = `${PATH}/lists/${list}?at=${this.at}&format=csv`;
    void this.newest.want({ list: this.list.value, at: this.at });
  }

  #typed() {
    const day = this.#chosen();
    const moment = day === undefined ? null : momentOf(day, this.time.value);
    if (moment !== null) return this.#go(moment);
    this.time.setAttribute("aria-invalid", "true");
    write(this.words, "a time such as 09:31 or 15:59:30 is wanted");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const seconds = { PageUp: 60, PageDown: -60 }[event.key];
    if (seconds === undefined) return;
    // A browser's own step would be a tenth of the day.
    event.preventDefault();
    this.#go(this.at + seconds * 1_000);
  }

  /**
   * @param {Wish} wish
   * @returns {Promise<Told>}
   */
  async #told({ list, at }) {
    const name = encodeURIComponent(list);
    const span = `from=${at - AROUND_MS}&to=${at + AROUND_MS}&limit=${MOST_EVENTS}`;
    const [then, events] = await Promise.all([
      this.page.ask("GET", `${PATH}/lists/${name}?at=${at}`),
      this.page.ask("GET", `${PATH}/events?list=${name}&${span}`),
    ]);
    return { then, events };
  }

  /**
   * @param {Told} told
   * @param {Wish} wish
   */
  #show({ then, events }, { at }) {
    this.dialog.dataset.at = String(at);
    if (then.refusal !== null) return this.#nothing(then.refusal.message);
    // What is wrong with the time that is typed stands until it is mended, whatever was asked before.
    if (!this.time.hasAttribute("aria-invalid")) write(this.words, resolutionWords(then.content));
    this.rows.replaceChildren(...then.content.rows.map(rowOf));
    const entries = (events.content?.events ?? []).filter((/** @type {any} */ { event }) => event !== "peak");
    this.events.replaceChildren(...entries.map((/** @type {any} */ entry) => eventOf(entry, at)));
    if (entries.length === 0) this.events.append(emptyLine(events.refusal?.message ?? "nobody", EVENT_COLUMNS.length));
  }

  /** @param {string} why */
  #nothing(why) {
    write(this.words, why);
    this.rows.replaceChildren();
    this.events.replaceChildren();
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    const symbol = target instanceof HTMLButtonElement ? target.textContent : null;
    if (symbol === null || symbol === "") return;
    this.dialog.close();
    this.page.look(symbol);
  }
}

/**
 * @param {string} name
 * @param {string} caption
 * @param {readonly string[]} titles
 * @param {HTMLTableSectionElement} body
 */
function tableOf(name, caption, titles, body) {
  const head = element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)));
  const table = element("table", { class: "visits" }, element("caption", {}, caption), element("thead", {}, head), body);
  return element("div", { class: `kept ${name}`, role: "region", tabindex: "0", "aria-label": caption }, table);
}

/** @param {RowThen} row */
function rowOf(row) {
  const cells = [price(row.price), signedPercent(row.change_percent), rvol(row.rvol), shares(row.volume), money(row.market_cap)];
  return element("tr", { "data-then": row.symbol },
    element("td", {}, String(row.rank)), element("td", {}, symbolButton(row.symbol)), ...cells.map((text) => element("td", {}, text)));
}

/**
 * @param {import("./activity.js").Entry} entry
 * @param {number} at
 */
function eventOf(entry, at) {
  const cells = [entry.rank === null ? "" : String(entry.rank), price(entry.price), entry.event === "left" ? entry.reason : ""];
  return element("tr", { class: entry.event, "data-when": entry.timestamp > at ? "after" : "before" },
    element("td", {}, newYorkTime(entry.timestamp)), element("td", {}, entry.event === "entered" ? "in" : "out"),
    element("td", {}, symbolButton(entry.symbol)), ...cells.map((text) => element("td", {}, text)));
}

/** @param {string} symbol */
function symbolButton(symbol) {
  return element("button", { type: "button", class: "symbol", title: `Look at ${symbol}` }, symbol);
}

/**
 * @param {string} words
 * @param {number} columns
 */
function emptyLine(words, columns) {
  return element("tr", {}, element("td", { colspan: String(columns), class: "note" }, words));
}
