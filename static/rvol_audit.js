/**
 * What the nights found of the relative volumes of past days: how far they were off at each slot's end, by how they were
 * known, and who was furthest off. A part of the coverage sheet, loaded with the first look.
 */

import { element, write } from "./dom.js";

/**
 * @typedef {{n: number, median: number | null, p90: number | null, p99: number | null, max: number | null,
 *   within: number | null, bias: number | null}} Spread in percent of what should have been published
 * @typedef {{slot: number, time: string, method: string, median: number, p99: number}} SlotErrors
 * @typedef {{symbol: string, time: string, method: string, source: string, published: number, recomputed: number,
 *   error: number}} Worst
 * @typedef {{date: string, symbols: number, failed: number, coverage: {[why: string]: number}, errors: Spread,
 *   methods: (Spread & {method: string, source: string})[], slots: SlotErrors[], silent_slots: number[],
 *   worst: Worst[], days: string[]}} Audit as `GET /api/v1/audit/rvol` tells it
 * @typedef {{x: number, top: number, bottom: number, middle: number}} Stroke from the median to the p99 of a slot
 */

const PATH = "/api/v1/audit/rvol";
const STYLE = "/static/rvol_audit.css";
const SVG = "http://www.w3.org/2000/svg";
const WORST_SHOWN = 10;

const SLOT_PX = 4;
const EDGE_PX = 44;
const HEIGHT_PX = 150;
const FOOT_PX = 18;
export const WIDTH_PX = EDGE_PX + 192 * SLOT_PX;
const LEAST_PERCENT = 0.01;
const MOST_PERCENT = 1_000;
const LINES_PERCENT = [0.01, 0.1, 1, 10, 100, 1_000];
/** @type {[words: string, slot: number][]} */
const TIMES = [["04:00", 0], ["06:00", 24], ["08:00", 48], ["09:30", 66], ["12:00", 96], ["14:00", 120], ["16:00", 144], ["18:00", 168]];

/** @type {[name: string, words: string][]} */
const UNCOMPARED = [
  ["unpublished", "traded, and nothing was published: the program was down, or did not know the symbol"],
  ["unrated", "traded, and were published as unknown"],
  ["unproven", "too few sessions are stored to work them out"],
  ["without_bars", "published, and the vendor has no minute up to then"],
];

/**
 * Errors span from hundredths of a percent to thousands: each line is ten times the one below.
 * @param {number} percent
 */
export function heightOf(percent) {
  const held = Math.min(Math.max(percent, LEAST_PERCENT), MOST_PERCENT);
  const share = Math.log10(held / LEAST_PERCENT) / Math.log10(MOST_PERCENT / LEAST_PERCENT);
  return Math.round((1 - share) * HEIGHT_PX * 10) / 10;
}

/**
 * @param {SlotErrors[]} slots
 * @param {string} method
 * @returns {Stroke[]}
 */
export function strokesOf(slots, method) {
  // Two methods of one slot stand side by side.
  const aside = method === "exact" ? 1 : 3;
  return slots.filter((each) => each.method === method).map(({ slot, median, p99 }) => {
    return { x: EDGE_PX + slot * SLOT_PX + aside, top: heightOf(p99), bottom: heightOf(median), middle: heightOf(median) };
  });
}

/** @param {number | null} value */
export function percentWords(value) {
  if (value === null) return "–";
  return value !== 0 && Math.abs(value) < 0.01 ? "< 0.01" : value.toLocaleString("en-US", { maximumFractionDigits: 2, minimumFractionDigits: 2 });
}

/** @param {Audit} audit */
export function summaryWords({ date, errors, coverage }) {
  if (errors.n === 0) return `${date}: nothing could be compared`;
  const right = percentWords(errors.within);
  return `${date}: ${counted(coverage.compared ?? 0)} values compared, ${right} % within 1 %, median off by ${percentWords(errors.median)} %, p99 ${percentWords(errors.p99)} %`;
}

/**
 * @param {Audit} audit
 * @returns {string[]} what could not be compared, and why
 */
export function gapsOf({ coverage, failed, silent_slots }) {
  const gaps = UNCOMPARED.filter(([name]) => (coverage[name] ?? 0) > 0);
  const told = gaps.map(([name, words]) => `${counted(coverage[name] ?? 0)} ${words}`);
  if (failed > 0) told.push(`the minutes of ${counted(failed)} symbols could not be had`);
  if (silent_slots.length > 0) told.push(`nothing was noted at the end of ${silent_slots.length} slots (shaded)`);
  return told;
}

/**
 * @param {number[]} slots in order
 * @returns {{first: number, count: number}[]} those that follow each other, as one
 */
export function runsOf(slots) {
  /** @type {{first: number, count: number}[]} */
  const runs = [];
  for (const slot of slots) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === slot) last.count += 1;
    else runs.push({ first: slot, count: 1 });
  }
  return runs;
}

/** @param {number} value */
function counted(value) {
  return value.toLocaleString("en-US");
}

export class RvolAudit {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {HTMLElement} host
   */
  constructor(ask, host) {
    this.ask = ask;
    this.days = element("select", { "aria-label": "Day of the audit" });
    this.days.hidden = true;
    this.days.addEventListener("change", () => void this.#show());
    this.summary = element("p", { class: "summary", role: "status" });
    this.found = element("div", { class: "found" });
    host.append(
      element("h2", {}, "Relative volume against the day's minutes, as audited in the night"),
      element("p", { class: "choose" }, this.days, this.summary),
      this.found,
    );
    document.head.append(element("link", { rel: "stylesheet", href: STYLE }));
  }

  /** See which days there are; the newest is shown where none is chosen that is still there. */
  async look() {
    const { content, refusal } = await this.ask("GET", `${PATH}/days`);
    /** @type {string[]} */
    const days = content?.days ?? [];
    const chosen = days.includes(this.days.value) ? this.days.value : days[0];
    this.days.replaceChildren(...days.map((day) => element("option", { value: day }, day)));
    this.days.hidden = chosen === undefined;
    if (chosen !== undefined) {
      this.days.value = chosen;
      await this.#show();
      return;
    }
    write(this.summary, refusal?.message ?? content.reason);
    this.found.replaceChildren();
  }

  async #show() {
    const day = this.days.value;
    const { content, refusal } = await this.ask("GET", `${PATH}?day=${day}`);
    if (day !== this.days.value) return;
    write(this.summary, refusal?.message ?? summaryWords(content));
    this.found.replaceChildren(...(content === null ? [] : this.#parts(content)));
  }

  /** @param {Audit} audit */
  #parts(audit) {
    const gaps = gapsOf(audit).map((words) => element("li", {}, words));
    return [
      element("div", { class: "picture", tabindex: "0", role: "group", "aria-label": "Errors by slot" }, pictureOf(audit)),
      legend(),
      spreads(audit),
      ...(audit.worst.length > 0 ? [worstOf(audit.worst)] : []),
      ...(gaps.length > 0 ? [element("ul", {}, ...gaps)] : []),
    ];
  }
}

/** @param {Audit} audit */
function pictureOf(audit) {
  const picture = made("svg", { viewBox: `0 -6 ${WIDTH_PX} ${HEIGHT_PX + FOOT_PX + 6}`, role: "img", "aria-label": summaryWords(audit) });
  for (const { first, count } of runsOf(audit.silent_slots)) {
    picture.append(made("rect", { class: "silent", x: `${EDGE_PX + first * SLOT_PX}`, y: "0", width: `${count * SLOT_PX}`, height: `${HEIGHT_PX}` }));
  }
  for (const percent of LINES_PERCENT) {
    const y = `${heightOf(percent)}`;
    picture.append(
      made("line", { class: "level", x1: `${EDGE_PX}`, x2: `${WIDTH_PX}`, y1: y, y2: y }),
      made("text", { class: "percent", x: `${EDGE_PX - 4}`, y, dy: "4" }, `${percent} %`),
    );
  }
  for (const [words, slot] of TIMES) {
    const x = `${EDGE_PX + slot * SLOT_PX}`;
    picture.append(
      made("line", { class: slot === 66 || slot === 144 ? "session" : "level", x1: x, x2: x, y1: "0", y2: `${HEIGHT_PX}` }),
      made("text", { x, y: `${HEIGHT_PX + 14}` }, words),
    );
  }
  for (const method of ["exact", "curve"]) {
    const strokes = strokesOf(audit.slots, method);
    const spread = strokes.map(({ x, top, bottom }) => `M${x} ${top}V${bottom}`).join("");
    // The curve's medians lie open, so that no colour has to be told from another.
    const middles = strokes.map(({ x, middle }) => method === "exact" ? `M${x - 2} ${middle}h4` : `M${x - 2} ${middle - 2}l4 4m0 -4l-4 4`).join("");
    picture.append(made("path", { class: `spread ${method}`, d: spread }), made("path", { class: `middle ${method}`, d: middles }));
  }
  return picture;
}

function legend() {
  return element(
    "p",
    { class: "legend" },
    "A stroke reaches from the median to the p99 of a slot's end. ",
    element("span", { class: "exact" }, "▬ exact: from the symbol's own sessions"),
    " ",
    element("span", { class: "curve" }, "✕ curve (~): from the general curve"),
  );
}

/** @param {Audit} audit */
function spreads(audit) {
  const rows = [["all", audit.errors], ...audit.methods.map((each) => [`${each.method}, ${each.source}`, each])];
  return table("Errors in percent, by method and by how the volume was known",
    ["", "values", "median", "p90", "p99", "max", "within 1 %", "bias"],
    /** @type {[string, Spread][]} */ (rows).map(([name, { n, median, p90, p99, max, within, bias }]) => {
      return [name, counted(n), ...[median, p90, p99, max, within].map(percentWords), signed(bias)];
    }));
}

/** @param {Worst[]} worst */
function worstOf(worst) {
  return table("Furthest off", ["symbol", "at", "method", "volume", "published", "should be", "error %"],
    worst.slice(0, WORST_SHOWN).map(({ symbol, time, method, source, published, recomputed, error }) => {
      return [symbol, time, method, source, published.toFixed(4), recomputed.toFixed(4), signed(error)];
    }));
}

/** @param {number | null} value */
function signed(value) {
  const words = percentWords(value);
  return value !== null && value > 0 && !words.startsWith("<") ? `+${words}` : words;
}

/**
 * @param {string} caption
 * @param {string[]} head
 * @param {string[][]} rows the first of each says what it is of
 */
function table(caption, head, rows) {
  const lines = rows.map(([first = "", ...rest]) => {
    return element("tr", { "data-of": first }, element("th", { scope: "row" }, first), ...rest.map((text) => element("td", {}, text)));
  });
  const [corner = "", ...columns] = head;
  const top = element("tr", {}, corner === "" ? element("td") : element("th", { scope: "col" }, corner), ...columns.map((words) => element("th", { scope: "col" }, words)));
  return element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": caption },
    element("table", {}, element("caption", {}, caption), element("thead", {}, top), element("tbody", {}, ...lines)));
}

/**
 * @param {string} tag
 * @param {{[attribute: string]: string}} attributes
 * @param {string[]} children
 */
function made(tag, attributes, ...children) {
  const box = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) box.setAttribute(name, value);
  box.append(...children);
  return box;
}
