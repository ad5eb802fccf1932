/**
 * A windowed table: only the rows in view exist, as fixed slots. A change of rank or a scroll is text written into
 * other slots; nothing is moved in the document and layout is never read while painting. `panels.js` owns one per list.
 */

import { element, write } from "./dom.js";
import { Marks } from "./marks.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./columns.js").Column} Column
 * @typedef {{box: HTMLElement, node: Text, text: string, tone: string}} Cell
 * @typedef {{tr: HTMLTableRowElement, pin: Cell, rank: Cell, mark: Cell, symbol: Cell,
 *   cells: {column: Column, cell: Cell}[], row: Row | null, condition: string, chosen: boolean}} Slot
 *
 * @typedef {{has: (symbol: string) => boolean, toggle: (symbol: string) => void}} Pinning
 * @typedef {{symbol: () => string, choose: (symbol: string) => void}} Choosing
 */

/** Kept equal to --row and --head in style.css: reading them back would cost a layout. */
const ROW_PX = 22;
const HEAD_PX = 22;
/** Pin, rank, mark and symbol, which every list has. */
export const FIXED_WIDTHS = Object.freeze([12, 18, 31, 52]);

export class Table {
  /**
   * @param {string} title
   * @param {Pinning} pins
   * @param {Choosing} choice
   */
  constructor(title, pins, choice) {
    this.pins = pins;
    this.choice = choice;
    this.pressed = "";
    this.marks = new Marks();
    /** @type {Column[]} */
    this.columns = [];
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {readonly Row[]} */
    this.rows = [];
    this.height = 0;
    this.scrollTop = 0;
    this.shownRows = -1;
    this.shownOffset = 0;

    this.caption = element("caption", {}, title);
    this.colgroup = element("colgroup");
    this.headRow = element("tr");
    this.body = element("tbody");
    this.table = element("table", {}, this.caption, this.colgroup, element("thead", {}, this.headRow), this.body);
    this.spacer = element("div", { class: "spacer" });
    this.region = element(
      "div",
      { class: "region", role: "region", tabindex: "0", "aria-label": title },
      element("div", { class: "window" }, this.table),
      this.spacer,
    );
    this.body.addEventListener("pointerdown", ({ target }) => {
      this.pressed = symbolAt(target);
    });
    this.body.addEventListener("click", ({ target }) => this.#clicked(target));
  }

  /** @param {string} title */
  setTitle(title) {
    write(this.caption, title);
    this.region.setAttribute("aria-label", title);
  }

  /**
   * Rows change places under a finger: what counts is the one that was pressed.
   * @param {EventTarget | null} target
   */
  #clicked(target) {
    const symbol = this.pressed || symbolAt(target);
    this.pressed = "";
    if (symbol === "") return;
    if (target instanceof Element && target.closest("button") !== null) this.pins.toggle(symbol);
    else this.choice.choose(symbol);
  }

  /** @param {Column[]} columns */
  setColumns(columns) {
    if (columns.length === this.columns.length && columns.every((one, index) => one === this.columns[index])) return;
    this.columns = columns;
    const widths = [...FIXED_WIDTHS, ...columns.map((column) => column.width)];
    this.colgroup.replaceChildren(...widths.map(colOf));
    this.headRow.replaceChildren(
      headOf("", "Pinned", false),
      headOf("#", "Rank", true),
      headOf("", "New, or places gained or lost", false),
      headOf("Symbol", "Symbol", false),
      ...columns.map((column) => headOf(column.title, column.meaning, column.numeric)),
    );
    this.slots = [];
    this.body.replaceChildren();
    this.#fillSlots();
  }

  /** @param {number} height of the region, in pixels */
  setHeight(height) {
    this.height = height;
    this.shownRows = -1;
    this.#fillSlots();
  }

  #fillSlots() {
    const needed = Math.max(0, Math.ceil((this.height - HEAD_PX) / ROW_PX) + 1);
    while (this.slots.length < needed) this.slots.push(slotOf(this.columns));
    this.slots.length = needed;
    this.body.replaceChildren(...this.slots.map((slot) => slot.tr));
  }

  /**
   * @param {readonly Row[]} rows in order of rank
   * @param {number} now
   */
  paint(rows, now) {
    this.rows = rows;
    this.#paintExtent();
    const first = Math.floor(this.scrollTop / ROW_PX);
    this.slots.forEach((slot, index) => this.#paintSlot(slot, rows[first + index] ?? null, now));
  }

  #paintExtent() {
    const offset = this.scrollTop % ROW_PX;
    if (offset !== this.shownOffset) {
      this.shownOffset = offset;
      this.body.style.transform = `translateY(${-offset}px)`;
    }
    if (this.rows.length === this.shownRows) return;
    this.shownRows = this.rows.length;
    this.spacer.style.height = `${Math.max(0, HEAD_PX + this.rows.length * ROW_PX - this.height)}px`;
    this.table.setAttribute("aria-rowcount", String(this.rows.length + 1));
  }

  /**
   * @param {Slot} slot
   * @param {Row | null} row
   * @param {number} now
   */
  #paintSlot(slot, row, now) {
    if (row === null) {
      if (slot.row !== null) clearSlot(slot);
      return;
    }
    const before = slot.row;
    if (before !== row) {
      if (before?.symbol !== row.symbol) nameSlot(slot, row);
      if (before?.rank !== row.rank) rankSlot(slot, row);
      showCondition(slot, row);
    }
    pinSlot(slot, this.pins.has(row.symbol));
    chooseSlot(slot, this.choice.symbol() === row.symbol);
    const mark = markOf(row, this.marks.textOf(row.symbol, now));
    put(slot.mark, mark, toneOfMark(mark));
    const flash = this.marks.flashOf(row.symbol, now);
    for (const { column, cell } of slot.cells) {
      const flashes = column.name === "price";
      if (before !== row || flashes) put(cell, column.text(row), flashes ? flash : column.tone(row));
    }
    slot.row = row;
  }
}

/** @param {number} width */
function colOf(width) {
  const col = element("col");
  col.style.width = `${width}px`;
  return col;
}

/**
 * @param {string} title
 * @param {string} meaning
 * @param {boolean} numeric
 */
function headOf(title, meaning, numeric) {
  return element("th", { scope: "col", title: meaning, class: numeric ? "" : "words" }, title);
}

/**
 * @param {Column[]} columns
 * @returns {Slot}
 */
function slotOf(columns) {
  const pin = pinCell();
  const rank = cellOf("td", "rank");
  const mark = cellOf("td", "mark");
  const symbol = cellOf("th", "symbol");
  symbol.box.setAttribute("scope", "row");
  const cells = columns.map((column) => ({ column, cell: cellOf("td", column.name) }));
  for (const { column, cell } of cells) cell.box.toggleAttribute("data-words", !column.numeric);
  const boxes = [rank, mark, symbol, ...cells.map(({ cell }) => cell)].map(({ box }) => box);
  const tr = element("tr", { hidden: "" }, element("td", { "data-field": "pin" }, pin.box), ...boxes);
  return { tr, pin, rank, mark, symbol, cells, row: null, condition: "", chosen: false };
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
function symbolAt(target) {
  return target instanceof Element ? (target.closest("tr")?.dataset.symbol ?? "") : "";
}

/**
 * @param {Cell} cell
 * @param {string} text
 * @param {string} tone
 */
function put(cell, text, tone) {
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
function clearSlot(slot) {
  slot.tr.hidden = true;
  slot.tr.removeAttribute("data-symbol");
  slot.row = null;
}

/**
 * @param {Slot} slot
 * @param {Row} row
 */
function nameSlot(slot, row) {
  slot.tr.hidden = false;
  slot.tr.dataset.symbol = row.symbol;
  slot.symbol.box.title = typeof row.name === "string" ? row.name : "";
  put(slot.symbol, row.symbol, "");
}

/**
 * @param {Slot} slot
 * @param {boolean} pinned
 */
function pinSlot(slot, pinned) {
  const tone = pinned ? "pinned" : "";
  if (slot.pin.tone === tone) return;
  put(slot.pin, pinned ? "★" : "☆", tone);
  slot.pin.box.setAttribute("aria-pressed", String(pinned));
}

/**
 * @param {Slot} slot
 * @param {boolean} chosen
 */
function chooseSlot(slot, chosen) {
  if (slot.chosen === chosen) return;
  slot.chosen = chosen;
  slot.tr.toggleAttribute("data-chosen", chosen);
}

/**
 * @param {Slot} slot
 * @param {Row} row
 */
function rankSlot(slot, row) {
  put(slot.rank, String(row.rank), "rank");
  slot.tr.setAttribute("aria-rowindex", String(row.rank + 1));
}

/**
 * @param {Slot} slot
 * @param {Row} row
 */
function showCondition(slot, row) {
  const stale = row.stale === true ? "stale" : "";
  const condition = row.halted === true ? "halted" : stale;
  if (slot.condition === condition) return;
  slot.condition = condition;
  slot.tr.className = condition;
}

/**
 * @param {Row} row
 * @param {string} noticed
 */
function markOf(row, noticed) {
  return row.halted === true ? "HALT" : noticed;
}

/** @param {string} mark */
function toneOfMark(mark) {
  if (mark === "NEW") return "new";
  if (mark === "HALT") return "halt";
  if (mark.startsWith("▲")) return "rose";
  return mark === "" ? "" : "fell";
}
