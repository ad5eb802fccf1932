/**
 * A table's head: a click sorts by a column, a drag at its right edge makes it wider or narrower. By keyboard the head
 * is one stop: left and right walk through it, Enter sorts, Shift with left and right changes the width.
 */

import { element } from "./dom.js";
import { NARROWEST_COLUMN_PX, WIDEST_COLUMN_PX } from "./layout.js";

/**
 * @typedef {import("./columns.js").Column} Column
 * @typedef {import("./layout.js").Sort} Sort
 * @typedef {{sort: (column: string) => void, widen: (column: string, px: number) => void}} Heading
 */

const STEP_PX = 6;
const EDGE_PX = 6;

export class TableHead {
  /** @param {Heading} heading what the reader's wishes are told to */
  constructor(heading) {
    this.heading = heading;
    this.colgroup = element("colgroup");
    this.row = element("tr");
    /** @type {readonly Column[]} */
    this.columns = [];
    this.scale = 1;
    this.row.addEventListener("keydown", (event) => this.#key(event));
    this.row.addEventListener("click", ({ target }) => this.#clicked(target));
    this.row.addEventListener("pointerdown", (event) => this.#pressed(event));
  }

  /**
   * @param {readonly number[]} fixed widths of what stands before the columns
   * @param {readonly Column[]} columns
   * @param {number} scale
   */
  set(fixed, columns, scale) {
    this.columns = columns;
    this.scale = scale;
    const widths = [...fixed, ...columns.map((column) => Math.round(column.width * scale))];
    this.colgroup.replaceChildren(...widths.map(colOf));
    this.row.replaceChildren(
      plainHead("", "Pinned"),
      plainHead("#", "Rank"),
      plainHead("", "New, or places gained or lost"),
      sortHead({ name: "symbol", title: "Symbol", meaning: "Symbol", numeric: false }, 0),
      plainHead("", "The last 15 minutes"),
      ...columns.map((column) => sortHead(column, -1)),
    );
  }

  /** @param {Sort | undefined} sort */
  showSort(sort) {
    for (const head of this.row.children) {
      const column = head.getAttribute("data-column");
      if (column === null) continue;
      if (column !== sort?.column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", sort.descending ? "descending" : "ascending");
    }
  }

  /** @param {EventTarget | null} target */
  #clicked(target) {
    const column = columnAt(target);
    if (column !== "" && target instanceof Element && target.closest("button") !== null) this.heading.sort(column);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const column = columnAt(event.target);
    if (step === 0 || column === "") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) this.#widen(column, step * STEP_PX);
    else this.#walk(step);
  }

  /** @param {number} step */
  #walk(step) {
    const buttons = [...this.row.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const next = buttons[at + step];
    if (next === undefined) return;
    buttons.forEach((button) => button.setAttribute("tabindex", button === next ? "0" : "-1"));
    next.focus();
  }

  /**
   * @param {string} name
   * @param {number} px
   */
  #widen(name, px) {
    const column = this.columns.find((each) => each.name === name);
    if (column === undefined) return;
    const width = Math.round(Math.min(WIDEST_COLUMN_PX, Math.max(NARROWEST_COLUMN_PX, column.width + px)));
    this.heading.widen(name, width);
    const button = this.row.querySelector(`[data-column="${name}"] button`);
    if (button instanceof HTMLElement) button.focus();
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    const head = event.target instanceof Element ? event.target.closest("th") : null;
    const column = columnAt(event.target);
    if (head === null || column === "" || head.getBoundingClientRect().right - event.clientX > EDGE_PX) return;
    event.preventDefault();
    const drop = (/** @type {PointerEvent} */ up) => this.#widen(column, (up.clientX - event.clientX) / this.scale);
    addEventListener("pointerup", drop, { once: true });
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
 */
function plainHead(title, meaning) {
  return element("th", { scope: "col", title: meaning }, title === "" ? element("span", { class: "unseen" }, meaning) : title);
}

/**
 * @param {{name: string, title: string, meaning: string, numeric: boolean}} column
 * @param {number} tabindex
 */
function sortHead({ name, title, meaning, numeric }, tabindex) {
  const button = element("button", { type: "button", tabindex: String(tabindex) }, title);
  return element("th", { scope: "col", title: meaning, class: numeric ? "" : "words", "data-column": name }, button);
}

/**
 * @param {EventTarget | null} target
 * @returns {string}
 */
function columnAt(target) {
  return target instanceof Element ? (target.closest("th")?.getAttribute("data-column") ?? "") : "";
}
