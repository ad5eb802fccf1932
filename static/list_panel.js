/**
 * A panel with one list: its rows in a table, with what they mean now said in words where they are few, old or none.
 * While the pointer is over the rows they keep their places. Registered as the kind `list` by `main.js`.
 */

import { fitting, preferred } from "./columns.js";
import { element, write } from "./dom.js";
import { newYorkTime } from "./format.js";
import { titleFromName } from "./panel_kinds.js";
import { Holding, pinnedFirst, sorted } from "./row_order.js";
import { onSelect, select, selected } from "./selection.js";
import { fixedWidths, Table } from "./table.js";

/**
 * @typedef {import("./panel_kinds.js").PanelContext} PanelContext
 * @typedef {import("./list_sync.js").ListSync} ListSync
 */

/** Room for the rounding of column widths. */
const EDGE_PX = 3;

const UNTOLD = "waiting for the server";
const NOT_FOLLOWED = "not followed: there are more lists than one page may follow";

const ONLY_WHILE_OPEN = new Set(["momentum_up", "momentum_down"]);
const ONLY_FROM_THE_OPEN = new Set([...ONLY_WHILE_OPEN, "reversals"]);

/**
 * @param {string} list
 * @param {string} session
 * @param {boolean} arrived whether the server has told us the rows at all
 * @param {boolean} connected whether it would tell us of new ones
 */
export function emptyReason(list, session, arrived, connected = true) {
  if (!arrived) return "waiting for the first rows";
  if (!connected) return "nothing qualified when the connection was lost";
  if (session === "PRE_MARKET" && ONLY_FROM_THE_OPEN.has(list)) return "from 09:30";
  if (session === "POST_MARKET" && ONLY_WHILE_OPEN.has(list)) return "09:30 to 16:00 only";
  if (session === "CLOSED") return "nothing qualified at the close";
  return "nothing qualifies";
}

/**
 * @param {ListSync} list
 * @param {string} session
 * @param {number | null} held how many newcomers wait for the pointer to leave; null: the rows are not held
 */
export function noteOf(list, session, held = null) {
  if (list.epoch === null) return "";
  // A list that never held a row has no time of its own.
  if (list.state === "DOWN") return list.timestamp > 0 ? `as of ${newYorkTime(list.timestamp)}` : "";
  if (session === "CLOSED") return "as of the close";
  if (list.state === "SYNCING") return "catching up";
  return held === null ? "" : `held${held > 0 ? ` · ${held} new` : ""}`;
}

export class ListPanel {
  /**
   * @param {HTMLElement} box
   * @param {PanelContext} context
   */
  constructor(box, context) {
    this.box = box;
    this.context = context;
    this.name = context.spec().list ?? "";
    this.holding = new Holding();
    /** @type {import("./row_order.js").Order} */
    this.order = pinnedFirst([], () => false);
    this.width = 0;
    const choose = (/** @type {string} */ symbol) => this.#choose(symbol);
    const choice = { symbol: () => selected(context.group()), choose };
    const heading = {
      sort: (/** @type {string} */ column) => this.#sortBy(column),
      widen: (/** @type {string} */ column, /** @type {number} */ px) => {
        context.change({ widths: { ...context.spec().widths, [column]: px } });
      },
    };
    const { pins, sparks } = context.page;
    this.table = new Table(titleFromName(this.name), pins, choice, sparks, heading);
    this.empty = element("p", { class: "empty" });
    box.append(this.table.region, this.empty);
    this.table.region.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.table.body.addEventListener("pointerenter", (event) => this.#pointed(event));
    this.table.body.addEventListener("pointerleave", () => this.#left());
    this.group = context.group();
    this.unfollow = onSelect(this.group, () => this.repaint());
    this.show(context.spec());
  }

  /** @param {import("./layout.js").PanelSpec} spec */
  show(spec) {
    if (spec.list !== this.name) this.#turnTo(spec.list ?? "");
    if (spec.group !== this.group) {
      this.unfollow();
      this.group = spec.group;
      this.unfollow = onSelect(this.group, () => this.repaint());
    }
    const title = this.context.page.infoOf(this.name)?.title ?? titleFromName(this.name);
    this.context.head({ title });
    this.table.setTitle(title);
    this.chooseColumns();
    this.table.setDensity(spec.density ?? "normal");
    this.table.head.showSort(spec.sort);
    this.repaint();
  }

  /** @param {string} name */
  #turnTo(name) {
    this.name = name;
    this.table.marks.clear();
    this.holding.release();
    this.table.region.scrollTop = 0;
  }

  chooseColumns() {
    const { page, spec } = this.context;
    const { columns, widths } = spec();
    const sent = page.infoOf(this.name)?.columns ?? [];
    const names = columns?.filter((name) => sent.includes(name)) ?? preferred(this.name, sent);
    const scale = page.scale();
    const all = names.map((name) => sized(page.column(name), widths?.[name]));
    const fixed = fixedWidths(scale).reduce((sum, width) => sum + width, EDGE_PX);
    this.table.setColumns(fitting(all, (this.width - fixed) / scale), scale);
  }

  /** @param {string} column */
  #sortBy(column) {
    const { sort } = this.context.spec();
    const numeric = column !== "symbol";
    if (sort?.column !== column) this.context.change({ sort: { column, descending: numeric } });
    // A third click is back to the list's own order.
    else if (sort.descending === numeric) this.context.change({ sort: { column, descending: !numeric } });
    else this.context.change({ sort: undefined });
  }

  /** @param {string} symbol the one that is chosen already is let go */
  #choose(symbol) {
    select(this.group, symbol === selected(this.group) ? "" : symbol);
  }

  /** @param {PointerEvent} event a finger that scrolls holds nothing */
  #pointed(event) {
    if (event.pointerType === "touch") return;
    this.holding.hold(this.order);
    this.repaint();
  }

  #left() {
    this.holding.release();
    this.repaint();
  }

  #scrolled() {
    this.table.scrollTop = Math.max(0, this.table.region.scrollTop);
    this.repaint();
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.width = width;
    this.table.setHeight(height);
    this.chooseColumns();
    this.repaint();
  }

  repaint() {
    this.context.page.painter.request(this);
  }

  /**
   * @param {string} list
   * @param {import("./rankings.js").Changes | null} changes
   * @param {number} now
   */
  rows(list, changes, now) {
    if (list !== this.name) return;
    if (changes === null) this.table.marks.clear();
    else this.table.marks.take(changes, now);
    this.repaint();
  }

  /** @param {number} now */
  expire(now) {
    if (this.table.marks.expire(now)) this.repaint();
  }

  /** All rows as the reader ordered them, in the columns that are shown; values as they are, not as they are written. */
  sheet() {
    const names = this.table.columns.map(({ name }) => name);
    const { rows } = this.order;
    return [["rank", "symbol", ...names], ...rows.map((row) => [row.rank, row.symbol, ...names.map((name) => row[name])])];
  }

  focus() {
    this.table.region.focus({ preventScroll: true });
  }

  /**
   * Up and down go through the rows: the symbol that is chosen is where the keyboard is.
   * @param {KeyboardEvent} event
   */
  key({ key, target }) {
    const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
    if (step === 0 || target !== this.table.region) return false;
    const { rows } = this.order;
    const at = rows.findIndex((row) => row.symbol === selected(this.group));
    const place = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step));
    const row = rows[place];
    if (row === undefined) return true;
    select(this.group, row.symbol);
    this.table.reveal(place);
    return true;
  }

  close() {
    this.unfollow();
  }

  /** @param {number} now */
  paint(now) {
    const { page, spec } = this.context;
    const list = page.listOf(this.name);
    if (list === undefined) {
      this.box.toggleAttribute("data-empty", true);
      write(this.empty, page.infoOf(this.name) === undefined ? UNTOLD : NOT_FOLLOWED);
      return;
    }
    const { session } = page.situation;
    const order = pinnedFirst(sorted(list.rows, spec().sort), (symbol) => page.pins.has(symbol));
    this.order = this.holding.shown(order);
    this.table.paint(this.order, now);
    const arrived = list.epoch !== null;
    const empty = this.order.rows.length === 0;
    this.box.toggleAttribute("data-old", list.state !== "LIVE");
    this.box.toggleAttribute("data-empty", empty);
    const held = this.holding.held === null ? null : this.order.waiting;
    this.context.head({ count: arrived ? String(list.rows.length) : "", note: noteOf(list, session, held) });
    write(this.empty, empty ? emptyReason(list.name, session, arrived, list.state !== "DOWN") : "");
  }
}

/** @type {Map<string, import("./columns.js").Column>} one object for each, so that tables can tell what changed */
const SIZED = new Map();

/**
 * @param {import("./columns.js").Column} column
 * @param {number | undefined} width as the reader wants it
 */
function sized(column, width) {
  if (width === undefined || width === column.width) return column;
  const key = `${column.name} ${width}`;
  const known = SIZED.get(key);
  if (known?.text === column.text) return known;
  const made = { ...column, width };
  SIZED.set(key, made);
  return made;
}

/** @type {import("./panel_kinds.js").Kind} */
export function listPanel(box, context) {
  return new ListPanel(box, context);
}
