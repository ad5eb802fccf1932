/**
 * Which columns a list shows first, and how each is titled, sized, written and coloured.
 * The catalogue the server sends decides a column's type and meaning; what is built in here stands until it arrives, or
 * when it does not. Pure; called by `panels.js` and `table.js`.
 */

import * as format from "./format.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {{name: string, title: string, format: string, meaning: string}} Field
 * @typedef {{name: string, title: string, meaning: string, width: number, numeric: boolean,
 *   text: (row: Row) => string, tone: (row: Row) => string}} Column
 */

/** Titles that fit a narrow column, and the type each field has when the catalogue does not say. */
const BUILT_IN = Object.freeze(
  /** @type {{[name: string]: [title: string, type: string]}} */ ({
    price: ["Price", "price"],
    change: ["Chg $", "price"],
    change_percent: ["Chg", "percent"],
    gap_percent: ["Gap", "percent"],
    change_from_open: ["Open", "percent"],
    postmarket_change: ["Post", "percent"],
    change_1m: ["1 min", "percent"],
    change_5m: ["5 min", "percent"],
    volume_today: ["Vol", "shares"],
    dollar_volume: ["$ Vol", "money"],
    rvol: ["RVol", "ratio"],
    rvol_guarded: ["RVol g", "ratio"],
    rvol_slot: ["Slot", "ratio"],
    float_shares: ["Float", "shares"],
    market_cap: ["Cap", "money"],
    high: ["High", "price"],
    low: ["Low", "price"],
    distance_from_high: ["Off hi", "percent"],
    distance_from_low: ["Off lo", "percent"],
    range_position: ["Range", "percent"],
    vwap_distance: ["VWAP", "percent"],
    spread_bps: ["Spread", "bps"],
    new_highs_15m: ["Highs", "count"],
    new_lows_15m: ["Lows", "count"],
    sector: ["Sector", "text"],
    score: ["Score", "score"],
  }),
);

/** The columns of a list for which nobody chose any. A test holds them equal to the server's. */
export const USUAL_COLUMNS = Object.freeze([
  "name", "price", "change", "change_percent", "gap_percent", "change_from_open", "volume_today", "dollar_volume",
  "rvol", "rvol_method", "rvol_slot", "float_shares", "market_cap", "high", "low", "distance_from_high",
  "range_position", "vwap_distance", "change_5m", "spread_bps", "halted", "sector", "score", "updated",
]);

/** Never columns: shown as a mark on the row, or on another column's value. */
export const MARKS = new Set(["rvol_method", "halted", "stale"]);
/** Of the usual columns those that are shown in other ways, or are not fit for a narrow column. */
const NOT_COLUMNS = new Set([...MARKS, "name", "sector", "updated"]);

/** Percents that say where a value stands rather than which way it went. */
const POSITIONS = new Set(["range_position", "atr_percent"]);

const USUAL = ["price", "change_percent", "gap_percent", "volume_today", "rvol", "change_from_open"];
const THEN = [
  "change_5m", "dollar_volume", "rvol_slot", "range_position", "vwap_distance", "distance_from_high", "gap_percent",
  "change_from_open", "float_shares", "market_cap", "high", "low", "spread_bps", "score",
];
/** @type {{[list: string]: string[]}} */
const FIRST = {
  gappers_up: ["price", "gap_percent", "change_percent", "volume_today", "rvol", "dollar_volume"],
  gappers_down: ["price", "gap_percent", "change_percent", "volume_today", "rvol", "dollar_volume"],
  momentum_up: ["price", "change_from_open", "change_percent", "volume_today", "rvol", "change_5m"],
  momentum_down: ["price", "change_from_open", "change_percent", "volume_today", "rvol", "change_5m"],
  winners: ["price", "change_percent", "volume_today", "rvol", "change_5m", "dollar_volume"],
  losers: ["price", "change_percent", "volume_today", "rvol", "change_5m", "dollar_volume"],
  anomalies: ["price", "change_percent", "rvol", "rvol_slot", "volume_today", "dollar_volume"],
  high_volume: ["price", "change_percent", "volume_today", "rvol", "dollar_volume", "change_5m"],
  new_highs: ["price", "new_highs_15m", "change_percent", "distance_from_high", "volume_today", "rvol", "change_5m"],
  new_lows: ["price", "new_lows_15m", "change_percent", "distance_from_low", "volume_today", "rvol", "change_5m"],
  reversals: ["price", "gap_percent", "change_from_open", "change_percent", "volume_today", "rvol"],
};

/** @param {string} list */
export function isBuiltIn(list) {
  return Object.hasOwn(FIRST, list);
}

/** @typedef {{width: number, text: (value: unknown) => string}} Kind */

/** @type {Kind} */
const TEXT = { width: 84, text: format.text };

/** @type {{[type: string]: Kind}} */
const KINDS = {
  text: TEXT,
  flag: { width: 44, text: format.flag },
  price: { width: 60, text: format.price },
  percent: { width: 66, text: format.signedPercent },
  ratio: { width: 48, text: format.ratio },
  bps: { width: 46, text: format.ratio },
  shares: { width: 50, text: format.shares },
  money: { width: 56, text: format.money },
  count: { width: 46, text: format.count },
  time: { width: 66, text: format.newYorkTime },
  score: { width: 48, text: format.score },
};

/** From these sizes on a move or a ratio is coloured one step stronger. */
const MOVE_BANDS_PERCENT = [5, 20];
const RVOL_BANDS = [3, 10];

/**
 * @param {string} list
 * @param {readonly string[]} columns the list's own
 * @returns {string[]} all that can be shown: as somebody chose them, else the most telling first
 */
export function preferred(list, columns) {
  if (columns.join() !== USUAL_COLUMNS.join()) return columns.filter((name) => !MARKS.has(name));
  const wanted = [...(FIRST[list] ?? USUAL), ...THEN, ...columns];
  return [...new Set(wanted)].filter((name) => columns.includes(name) && !NOT_COLUMNS.has(name));
}

/**
 * @param {Column[]} columns
 * @param {number} width in pixels
 * @returns {Column[]} as many from the front as fit
 */
export function fitting(columns, width) {
  let left = width;
  const taken = columns.findIndex((column) => (left -= column.width) < 0);
  return taken < 0 ? columns : columns.slice(0, taken);
}

/**
 * @param {string} name
 * @param {Map<string, Field>} catalogue
 * @returns {Column}
 */
export function columnOf(name, catalogue) {
  const field = catalogue.get(name);
  const [title, usual] = BUILT_IN[name] ?? [field?.title ?? name, "text"];
  const type = field !== undefined && Object.hasOwn(KINDS, field.format) ? field.format : usual;
  const kind = KINDS[type] ?? TEXT;
  return {
    name,
    title,
    meaning: field ? `${field.title}: ${field.meaning}` : name,
    width: kind.width,
    numeric: type !== "text" && type !== "flag",
    text: textOf(name, kind),
    tone: toneOf(name, type),
  };
}

/**
 * @param {string} name
 * @param {Kind} kind
 * @returns {(row: Row) => string}
 */
function textOf(name, kind) {
  if (name === "rvol") return (row) => format.rvol(row.rvol, row.rvol_method);
  if (name === "rvol_guarded" || name === "rvol_slot") return (row) => format.rvol(row[name]);
  if (name === "change") return (row) => format.signedPrice(row.change);
  if (POSITIONS.has(name)) return (row) => format.percent(row[name]);
  return (row) => kind.text(row[name]);
}

/**
 * @param {string} name
 * @param {string} type
 * @returns {(row: Row) => string} the class of the cell; the text says the same by its sign or size
 */
function toneOf(name, type) {
  if (name === "rvol" || name === "rvol_guarded" || name === "rvol_slot") return (row) => rvolTone(row[name]);
  if (name === "change") return (row) => moveTone(row.change_percent);
  if (type === "percent" && !POSITIONS.has(name)) return (row) => moveTone(row[name]);
  return () => "";
}

/** @param {unknown} value */
function moveTone(value) {
  if (typeof value !== "number" || value === 0) return "";
  return `${value > 0 ? "up" : "down"}${bandOf(Math.abs(value), MOVE_BANDS_PERCENT) + 1}`;
}

/** @param {unknown} value */
function rvolTone(value) {
  const band = typeof value === "number" ? bandOf(value, RVOL_BANDS) : 0;
  return band > 0 ? `busy${band}` : "";
}

/**
 * @param {number} value
 * @param {number[]} bounds ascending
 */
function bandOf(value, bounds) {
  return bounds.filter((bound) => value >= bound).length;
}

/**
 * @param {unknown} answer the body of `GET /api/v1/fields`
 * @returns {Map<string, Field>}
 */
export function catalogueOf(answer) {
  const fields = /** @type {{fields?: Field[]}} */ (answer)?.fields;
  return new Map(Array.isArray(fields) ? fields.map((field) => [field.name, field]) : []);
}
