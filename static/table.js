/**
 * A windowed table: only the rows in view exist, as fixed slots. A change of rank or a scroll is text written into
 * other slots; nothing is moved in the document and layout is never read while painting. `list_panel.js` owns one.
 */

import { element, write } from "./dom.js";
import { Marks } from "./marks.js";
import {
  chooseSlot, clearSlot, draw, markOf, nameSlot, pinSlot, put, rankSlot, showCondition, slotOf, symbolAt, toneOfMark,
} from "./slots.js";
import { TableHead } from "./table_head.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./columns.js").Column} Column
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {import("./row_order.js").Order} Order
 *
 * @typedef {{has: (symbol: string) => boolean, toggle: (symbol: string) => void}} Pinning
 * @typedef {{symbol: () => string, choose: (symbol: string) => void}} Choosing
 * @typedef {{shapeOf: (symbol: string) => {points: string, tone: string}}} Drawing
 */

/** Heights of a row and of the head: reading them back from the style would cost a layout. */
export const ROW_PX = Object.freeze(/** @type {{[density: string]: number}} */ ({ compact: 19, normal: 22, roomy: 28 }));
const HEAD_PX = 22;
/** Pin, rank, mark, symbol and line, which every list has. */
const FIXED_WIDTHS = Object.freeze([15, 20, 30, 54, 48]);

/** @param {number} scale of the text */
export function fixedWidths(scale) {
  return FIXED_WIDTHS.map((width, index) => (index === FIXED_WIDTHS.length - 1 ? width : Math.round(width * scale)));
}

export class Table {
  /**
   * @param {string} title
   * @param {Pinning} pins
   * @param {Choosing} choice
   * @param {Drawing} sparks
   * @param {import("./table_head.js").Heading} heading
   */
  constructor(title, pins, choice, sparks, heading) {
    this.pins = pins;
    this.choice = choice;
    this.sparks = sparks;
    this.pressed = "";
    this.marks = new Marks();
    /** @type {readonly Column[]} */
    this.columns = [];
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {readonly Row[]} */
    this.rows = [];
    this.height = 0;
    this.scrollTop = 0;
    this.rowPx = 22;
    this.headPx = HEAD_PX;
    this.scale = 1;
    this.shownRows = -1;
    this.shownOffset = 0;

    this.caption = element("caption", {}, title);
    this.head = new TableHead(heading);
    this.body = element("tbody");
    const thead = element("thead", {}, this.head.row);
    this.table = element("table", {}, this.caption, this.head.colgroup, thead, this.body);
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

  /**
   * @param {readonly Column[]} columns
   * @param {number} scale of the text
   */
  setColumns(columns, scale) {
    const same = columns.length === this.columns.length && columns.every((one, index) => one === this.columns[index]);
    if (same && scale === this.scale && this.slots.length > 0) return;
    this.columns = columns;
    this.scale = scale;
    this.head.set(fixedWidths(scale), columns, scale);
    this.slots = [];
    this.body.replaceChildren();
    this.#fillSlots();
  }

  /** @param {string} density */
  setDensity(density) {
    const rowPx = Math.round((ROW_PX[density] ?? 22) * this.scale);
    this.headPx = Math.round(HEAD_PX * this.scale);
    this.region.style.setProperty("--head", `${this.headPx}px`);
    this.region.style.setProperty("--row", `${rowPx}px`);
    if (rowPx === this.rowPx) return;
    this.rowPx = rowPx;
    this.setHeight(this.height);
  }

  /** @param {number} height of the region, in pixels */
  setHeight(height) {
    this.height = height;
    this.shownRows = -1;
    this.#fillSlots();
  }

  #fillSlots() {
    const needed = Math.max(0, Math.ceil((this.height - this.headPx) / this.rowPx) + 1);
    if (needed === this.slots.length) return;
    while (this.slots.length < needed) this.slots.push(slotOf([...this.columns]));
    this.slots.length = needed;
    this.body.replaceChildren(...this.slots.map((slot) => slot.tr));
  }

  /** @param {number} place from 0, of a row that is to be in view */
  reveal(place) {
    const room = this.height - this.headPx - this.rowPx;
    const top = place * this.rowPx;
    const wanted = Math.min(top, Math.max(this.scrollTop, top - room));
    if (wanted !== this.scrollTop) this.region.scrollTop = wanted;
  }

  /**
   * @param {Order} order
   * @param {number} now
   */
  paint(order, now) {
    this.rows = order.rows;
    this.#paintExtent();
    const first = Math.floor(this.scrollTop / this.rowPx);
    this.slots.forEach((slot, index) => this.#paintSlot(slot, first + index, order, now));
  }

  #paintExtent() {
    const offset = this.scrollTop % this.rowPx;
    if (offset !== this.shownOffset) {
      this.shownOffset = offset;
      this.body.style.transform = `translateY(${-offset}px)`;
    }
    if (this.rows.length === this.shownRows) return;
    this.shownRows = this.rows.length;
    this.spacer.style.height = `${Math.max(0, this.headPx + this.rows.length * this.rowPx - this.height)}px`;
    this.table.setAttribute("aria-rowcount", String(this.rows.length + 1));
  }

  /**
   * @param {Slot} slot
   * @param {number} place
   * @param {Order} order
   * @param {number} now
   */
  #paintSlot(slot, place, order, now) {
    const row = order.rows[place] ?? null;
    if (row === null) {
      if (slot.row !== null) clearSlot(slot);
      return;
    }
    const before = slot.row;
    if (before?.symbol !== row.symbol) nameSlot(slot, row);
    rankSlot(slot, row, place + 1);
    showCondition(slot, row, order.gone.has(row.symbol));
    pinSlot(slot, this.pins.has(row.symbol));
    chooseSlot(slot, this.choice.symbol() === row.symbol);
    const mark = order.gone.has(row.symbol) ? "left" : markOf(row, this.marks.textOf(row.symbol, now));
    put(slot.mark, mark, toneOfMark(mark));
    draw(slot.line, this.sparks.shapeOf(row.symbol));
    this.#paintCells(slot, row, now);
    slot.row = row;
  }

  /**
   * @param {Slot} slot
   * @param {Row} row
   * @param {number} now
   */
  #paintCells(slot, row, now) {
    const flash = this.marks.flashOf(row.symbol, now);
    for (const { column, cell } of slot.cells) {
      const flashes = column.name === "price";
      if (slot.row !== row || flashes) put(cell, column.text(row), flashes ? flash : column.tone(row));
    }
  }
}
