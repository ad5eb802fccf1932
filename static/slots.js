/**
 * A table's fixed places for rows: made once, written into whenever another row stands there, never moved. Text and
 * class of a cell are written only where they differ from what was written last. `table.js` owns them.
 */

import { element } from "./dom.js";
import { HEIGHT_PX, WIDTH_PX } from "./sparks.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./columns.js").Column} Column
 * @typedef {{box: HTMLElement, node: Text, text: string, tone: string}} Cell
 * @typedef {{box: Element, points: string, tone: string}} Line
 * @typedef {{tr: HTMLTableRowElement, pin: Cell, rank: Cell, mark: Cell, symbol: Cell, line: Line,
 *   cells: {column: Column, cell: Cell}[], row: Row | null, place: number, condition: string, chosen: boolean}} Slot
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Column[]} columns
 * @returns {Slot}
 */
export function slotOf(columns) {
  const pin = pinCell();
  const rank = cellOf("td", "rank");
  const mark = cellOf("td", "mark");
  const symbol = cellOf("th", "symbol");
  symbol.box.setAttribute("scope", "row");
  const cells = columns.map((column) => ({ column, cell: cellOf("td", column.name) }));
  for (const { column, cell } of cells) cell.box.toggleAttribute("data-words", !column.numeric);
  const { line, picture } = lineOf();
  const boxes = [rank, mark, symbol].map(({ box }) => box);
  const tr = element("tr", { hidden: "" }, element("td", { "data-field": "pin" }, pin.box), ...boxes);
  tr.append(element("td", { "data-field": "spark" }, picture), ...cells.map(({ cell }) => cell.box));
  return { tr, pin, rank, mark, symbol, line, cells, row: null, place: 0, condition: "", chosen: false };
}

/**
 * @param {"td" | "th"} tag
 * @param {string} field
 * @returns {Cell}
 */
function cellOf(tag, field) {
  const node = document.createTextNode("");
  return { box: element(tag, { "data-field": field }, node), node, text: "", tone: "" };
}

/** A drawing for the eye only: the numbers beside it say the same. */
function lineOf() {
  const picture = document.createElementNS(SVG, "svg");
  const box = document.createElementNS(SVG, "polyline");
  picture.setAttribute("width", String(WIDTH_PX));
  picture.setAttribute("height", String(HEIGHT_PX));
  picture.setAttribute("aria-hidden", "true");
  picture.append(box);
  return { line: { box, points: "", tone: "" }, picture };
}

/**
 * @param {Line} line
 * @param {{points: string, tone: string}} shape
 */
export function draw(line, { points, tone }) {
  if (line.points !== points) {
    line.points = points;
    line.box.setAttribute("points", points);
  }
  if (line.tone !== tone) {
    line.tone = tone;
    line.box.setAttribute("class", tone);
  }
}

/**
 * Eleven lists of fifty buttons are no way to go by the tab key: the rows have one by pointer and the key `p`.
 * @returns {Cell}
 */
function pinCell() {
  const node = document.createTextNode("☆");
  const box = element("button", { type: "button", tabindex: "-1", "aria-label": "Pin", "aria-pressed": "false" }, node);
  return { box, node, text: "☆", tone: "" };
}

/**
 * @param {EventTarget | null} target
 * @returns {string} the symbol of the row it is in
 */
export function symbolAt(target) {
  return target instanceof Element ? (target.closest("tr")?.dataset.symbol ?? "") : "";
}

/**
 * @param {Cell} cell
 * @param {string} text
 * @param {string} tone
 */
export function put(cell, text, tone) {
  if (cell.text !== text) {
    cell.text = text;
    cell.node.data = text;
  }
  if (cell.tone !== tone) {
    cell.tone = tone;
    cell.box.className = tone;
  }
}

/** @param {Slot} slot */
export function clearSlot(slot) {
  slot.tr.hidden = true;
  slot.tr.removeAttribute("data-symbol");
  slot.row = null;
}

/**
 * @param {Slot} slot
 * @param {Row} row
 */
export function nameSlot(slot, row) {
  slot.tr.hidden = false;
  slot.tr.dataset.symbol = row.symbol;
  const name = typeof row.name === "string" ? row.name : "";
  if (slot.symbol.box.title !== name) slot.symbol.box.title = name;
  put(slot.symbol, row.symbol, "");
}

/**
 * @param {Slot} slot
 * @param {boolean} pinned
 */
export function pinSlot(slot, pinned) {
  const tone = pinned ? "pinned" : "";
  if (slot.pin.tone === tone) return;
  slot.tr.toggleAttribute("data-pinned", pinned);
  put(slot.pin, pinned ? "★" : "☆", tone);
  slot.pin.box.setAttribute("aria-pressed", String(pinned));
}

/**
 * @param {Slot} slot
 * @param {boolean} chosen
 */
export function chooseSlot(slot, chosen) {
  if (slot.chosen === chosen) return;
  slot.chosen = chosen;
  slot.tr.toggleAttribute("data-chosen", chosen);
  if (chosen) slot.tr.setAttribute("aria-current", "true");
  else slot.tr.removeAttribute("aria-current");
}

/**
 * @param {Slot} slot
 * @param {Row} row
 * @param {number} place in the panel, from 1
 */
export function rankSlot(slot, row, place) {
  put(slot.rank, String(row.rank), "rank");
  if (slot.place === place) return;
  slot.place = place;
  // The head is the first.
  slot.tr.setAttribute("aria-rowindex", String(place + 1));
}

/**
 * @param {Slot} slot
 * @param {Row} row
 * @param {boolean} gone it left the list while the rows are held
 */
export function showCondition(slot, row, gone) {
  const stale = row.stale === true ? "stale" : "";
  const condition = gone ? "gone" : row.halted === true ? "halted" : stale;
  if (slot.condition === condition) return;
  slot.condition = condition;
  slot.tr.className = condition;
}

/**
 * @param {Row} row
 * @param {string} noticed
 */
export function markOf(row, noticed) {
  return row.halted === true ? "HALT" : noticed;
}

/** @param {string} mark */
export function toneOfMark(mark) {
  if (mark === "NEW") return "new";
  if (mark === "HALT") return "halt";
  if (mark.startsWith("▲")) return "rose";
  return mark === "" ? "" : "fell";
}
