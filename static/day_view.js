/**
 * The day of one symbol in the detail: its chart, one and five minute bars to choose from, and in words what is under
 * the pointer. It asks for the bars once, and again only when live values had been missed; all that moves comes with
 * the live values.
 */

import { Bars, MINUTE_MS } from "./bars.js";
import { DayChart } from "./chart.js";
import { element, write } from "./dom.js";
import { newYorkTime, price, shares } from "./format.js";

/** @typedef {import("./bars.js").Bar} Bar */

const LENGTHS = Object.freeze([1, 5]);
/** @type {readonly (readonly [name: string, words: string])[]} what the lines are */
const KEYS = Object.freeze([["average", "VWAP"], ["previous", "previous close"], ["usual", "usual volume"]]);

export class DayView {
  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Ask} ask
   */
  constructor(host, ask) {
    this.ask = ask;
    this.bars = new Bars();
    /** @type {import("./bars.js").UsualDay | null} */
    this.day = null;
    /** @type {number | null} */
    this.previousClose = null;
    this.symbol = "";
    this.minutes = 1;
    this.drawing = 0;
    /** @type {number | null} */
    this.pointed = null;
    this.words = element("p", { class: "legend" });
    this.note = element("p", { class: "note", role: "status" });
    this.buttons = LENGTHS.map((minutes) => this.#button(minutes));
    const choice = element("div", { class: "choice", role: "group", "aria-label": "Length of a bar" }, ...this.buttons);
    const canvas = element("div", { class: "canvas", role: "img", tabindex: "0" });
    const keys = KEYS.map(([name, words]) => element("span", { class: `key ${name}` }, words));
    host.append(element("div", { class: "chart-head" }, choice, ...keys, this.words), canvas, this.note);
    this.canvas = canvas;
    this.chart = new DayChart(canvas, (time) => this.#point(time));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.chart.pressed(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.ready = this.chart.open();
    void this.ready.then((open) => {
      if (!open && !this.chart.closed) write(this.note, "the chart could not be loaded");
      this.paint();
    });
    this.#choose(LENGTHS[0] ?? 1);
  }

  close() {
    this.symbol = "";
    this.chart.close();
  }

  /**
   * Show this symbol's day from its beginning; also after live values were missed.
   * @param {string} symbol
   */
  async load(symbol) {
    const same = symbol === this.symbol;
    this.symbol = symbol;
    if (!same) this.#forget();
    const path = encodeURIComponent(symbol);
    const [bars, day, now] = await Promise.all([
      this.ask("GET", `/api/v1/ticker/${path}/bars?interval=1m`),
      this.ask("GET", `/api/v1/rvol/${path}/usual`),
      this.ask("GET", `/api/v1/ticker/${path}`),
    ]);
    if (symbol !== this.symbol) return null;
    if (bars.content !== null) this.bars.load(bars.content.bars);
    if (day.content !== null) this.day = day.content;
    this.previousClose = now.content?.prev_close ?? null;
    write(this.note, bars.refusal?.message ?? (this.bars.minutes.length === 0 ? "no trades today yet" : ""));
    this.#anew();
    return now.content;
  }

  /** What is loaded next follows on nothing that was. */
  leave() {
    this.symbol = "";
  }

  /**
   * @param {import("./bars.js").Values} values of the symbol as they are now
   * @returns {boolean} whether there is something new to paint
   */
  take(values) {
    return this.bars.take(values);
  }

  paint() {
    const { minutes, day, previousClose } = this;
    const bars = this.bars.every(minutes);
    if (bars.length > 0) write(this.note, "");
    this.chart.show({ bars, minutes, day, previousClose, average: this.bars.average }, `${this.drawing}`);
    const bar = bars.find(({ time }) => time === this.pointed) ?? bars.at(-1);
    write(this.words, bar === undefined ? "" : legend(bar, this.#usualOf(bar)));
    this.canvas.setAttribute("aria-label", `Chart of ${this.symbol} today. ${this.words.textContent}`);
  }

  #forget() {
    this.bars = new Bars();
    this.day = null;
    this.previousClose = null;
    write(this.note, "loading the day");
    this.#anew();
  }

  #anew() {
    this.drawing += 1;
    this.paint();
  }

  /** @param {Bar} bar */
  #usualOf(bar) {
    if (this.day === null) return null;
    const slot = Math.floor((bar.time - this.day.pre_market_start) / this.day.slot_ms);
    const [end, begin] = [this.day.expected[slot], slot === 0 ? 0 : this.day.expected[slot - 1]];
    if (typeof end !== "number" || typeof begin !== "number") return null;
    return ((end - begin) * this.minutes * MINUTE_MS) / this.day.slot_ms;
  }

  /** @param {number | null} time */
  #point(time) {
    this.pointed = time;
    const bars = this.bars.every(this.minutes);
    const bar = bars.find((each) => each.time === time) ?? bars.at(-1);
    if (bar !== undefined) write(this.words, legend(bar, this.#usualOf(bar)));
  }

  /** @param {number} minutes */
  #button(minutes) {
    const button = element("button", { type: "button", "data-minutes": String(minutes) }, `${minutes} min`);
    button.addEventListener("click", () => this.#choose(minutes));
    return button;
  }

  /** @param {number} minutes */
  #choose(minutes) {
    this.minutes = minutes;
    for (const [index, button] of this.buttons.entries()) {
      button.setAttribute("aria-pressed", String(LENGTHS[index] === minutes));
    }
    this.#anew();
  }
}

/**
 * @param {Bar} bar
 * @param {number | null} usual
 * @returns {string} what a bar says
 */
export function legend(bar, usual) {
  const { time, open, high, low, close, volume } = bar;
  const prices = `O ${price(open)}  H ${price(high)}  L ${price(low)}  C ${price(close)}`;
  const expected = usual === null ? "" : ` (usual ${shares(usual)})`;
  return `${newYorkTime(time).slice(0, 5)}  ${prices}  Vol ${shares(volume)}${expected}`;
}
