/**
 * The lists side by side: one panel each, as many in a row as fit, the whole window used; on a narrow screen one at a
 * time under a strip of tabs. A panel says what it shows, how many, and why it shows nothing.
 */

import { columnOf, fitting, preferred } from "./columns.js";
import { byId, element, write } from "./dom.js";
import { newYorkTime } from "./format.js";
import { FIXED_WIDTHS, Table } from "./table.js";

/**
 * @typedef {import("./list_sync.js").ListSync} ListSync
 * @typedef {import("./protocol.js").ListInfo} ListInfo
 * @typedef {import("./columns.js").Field} Field
 * @typedef {{session: string, feed: string}} Situation
 */

const NARROWEST_PANEL_PX = 430;
/** Room for the rounding of column widths. */
const EDGE_PX = 3;

const ONLY_WHILE_OPEN = new Set(["momentum_up", "momentum_down"]);
const ONLY_FROM_THE_OPEN = new Set([...ONLY_WHILE_OPEN, "reversals"]);

/**
 * @param {string} list
 * @param {string} session
 * @param {boolean} arrived whether the server has told us the rows at all
 */
export function emptyReason(list, session, arrived) {
  if (!arrived) return "waiting for the first rows";
  if (session === "PRE_MARKET" && ONLY_FROM_THE_OPEN.has(list)) return "from 09:30";
  if (session === "POST_MARKET" && ONLY_WHILE_OPEN.has(list)) return "09:30 to 16:00 only";
  if (session === "CLOSED") return "nothing qualified at the close";
  return "nothing qualifies";
}

class Panel {
  /**
   * @param {ListInfo} info
   * @param {Panels} owner
   */
  constructor(info, owner) {
    this.info = info;
    this.owner = owner;
    this.table = new Table(info.title, owner.pins, owner.choice);
    this.width = 0;
    this.title = element("h2", {}, info.title);
    this.count = element("span", { class: "count" });
    this.note = element("span", { class: "note" });
    this.empty = element("p", { class: "empty" });
    const edit = element("button", { type: "button", class: "edit", title: "Edit this list (e)" }, "✎");
    edit.setAttribute("aria-label", "Edit this list");
    edit.addEventListener("click", () => owner.edit(info.name));
    this.section = element(
      "section",
      { class: "panel", "data-list": info.name, id: `list-${info.name}` },
      element("header", {}, this.title, this.count, this.note, edit),
      this.table.region,
      this.empty,
    );
    this.tab = element("button", { type: "button", "aria-controls": `list-${info.name}` }, info.title);
    this.tab.addEventListener("click", () => owner.show(info.name));
    this.tab.addEventListener("focus", () => this.tab.scrollIntoView({ block: "nearest", inline: "nearest" }));
    this.table.region.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.watcher = new ResizeObserver((boxes) => boxes.forEach(({ contentRect }) => this.#resized(contentRect)));
    this.watcher.observe(this.table.region);
    this.chooseColumns();
  }

  /** @param {ListInfo} info the same list as it is now */
  describe(info) {
    if (JSON.stringify(info) === JSON.stringify(this.info)) return;
    this.info = info;
    write(this.title, info.title);
    write(this.tab, info.title);
    this.table.setTitle(info.title);
    this.chooseColumns();
  }

  #scrolled() {
    this.table.scrollTop = Math.max(0, this.table.region.scrollTop);
    this.owner.painter.request(this);
  }

  /** @param {DOMRectReadOnly} box */
  #resized(box) {
    this.width = box.width;
    this.table.setHeight(box.height);
    this.chooseColumns();
  }

  chooseColumns() {
    const all = preferred(this.info.name, this.info.columns).map((name) => this.owner.column(name));
    const fixed = FIXED_WIDTHS.reduce((sum, width) => sum + width, EDGE_PX);
    this.table.setColumns(fitting(all, this.width - fixed));
    this.owner.painter.request(this);
  }

  remove() {
    this.watcher.disconnect();
    this.section.remove();
    this.tab.remove();
  }

  /** @param {number} now */
  paint(now) {
    const list = this.owner.listOf(this.info.name);
    if (list === undefined) {
      this.section.toggleAttribute("data-empty", true);
      write(this.empty, "not followed: there are more lists than one page may follow");
      return;
    }
    const { session } = this.owner.situation;
    this.table.paint(list.rows, now);
    const arrived = list.epoch !== null;
    const empty = list.rows.length === 0;
    this.section.toggleAttribute("data-old", list.state !== "LIVE");
    this.section.toggleAttribute("data-empty", empty);
    write(this.count, arrived ? String(list.rows.length) : "");
    write(this.note, noteOf(list, session));
    write(this.empty, empty ? emptyReason(list.name, session, arrived) : "");
  }
}

/**
 * @param {ListSync} list
 * @param {string} session
 */
function noteOf(list, session) {
  if (list.epoch === null) return "";
  // A list that never held a row has no time of its own.
  if (list.state === "DOWN") return list.timestamp > 0 ? `as of ${newYorkTime(list.timestamp)}` : "";
  if (session === "CLOSED") return "as of the close";
  return list.state === "SYNCING" ? "catching up" : "";
}

/**
 * Moves only what is out of order: what is moved in the document loses how far it was scrolled.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} children all of its children, or more
 */
function inOrder(parent, children) {
  children.forEach((child, index) => {
    const there = parent.children[index] ?? null;
    if (there !== child) parent.insertBefore(child, there);
  });
}

export class Panels {
  /**
   * @param {import("./dom.js").Painter} painter
   * @param {Situation} situation
   * @param {(name: string) => ListSync | undefined} listOf
   * @param {import("./table.js").Pinning} pins
   * @param {import("./table.js").Choosing} choice
   * @param {(name: string) => void} edit
   */
  constructor(painter, situation, listOf, pins, choice, edit) {
    this.painter = painter;
    this.situation = situation;
    this.listOf = listOf;
    this.pins = pins;
    this.choice = choice;
    this.edit = edit;
    this.grid = byId("lists");
    this.tabs = byId("tabs");
    /** @type {Map<string, Panel>} */
    this.panels = new Map();
    /** @type {Map<string, Field>} */
    this.catalogue = new Map();
    /** @type {Map<string, import("./columns.js").Column>} */
    this.columns = new Map();
    this.width = 0;
    this.shown = "";
    /** The list that is to be gone to as soon as it is there. */
    this.expected = "";
    const watcher = new ResizeObserver((boxes) => boxes.forEach(({ contentRect }) => this.#resized(contentRect.width)));
    watcher.observe(this.grid);
  }

  /**
   * @param {string} name
   * @returns {import("./columns.js").Column} one object per column, so that tables can tell whether anything changed
   */
  column(name) {
    const column = this.columns.get(name) ?? columnOf(name, this.catalogue);
    this.columns.set(name, column);
    return column;
  }

  /** @param {Map<string, Field>} catalogue */
  setCatalogue(catalogue) {
    this.catalogue = catalogue;
    this.columns.clear();
    for (const panel of this.panels.values()) panel.chooseColumns();
  }

  /**
   * Panels of lists that stay are left where they are, with what they show and how far they are scrolled.
   * @param {ListInfo[]} infos
   */
  setLists(infos) {
    const before = this.panels;
    this.panels = new Map(infos.map((info) => [info.name, before.get(info.name) ?? new Panel(info, this)]));
    for (const [name, panel] of before) if (!this.panels.has(name)) panel.remove();
    const panels = [...this.panels.values()];
    infos.forEach((info, index) => panels[index]?.describe(info));
    inOrder(this.grid, panels.map((panel) => panel.section));
    inOrder(this.tabs, panels.map((panel) => panel.tab));
    this.#arrange();
    this.show(this.panels.has(this.shown) ? this.shown : (infos[0]?.name ?? ""));
    if (this.panels.has(this.expected)) this.goTo(this.expected);
  }

  /** @param {string} name */
  drop(name) {
    this.setLists([...this.panels.values()].map((panel) => panel.info).filter((info) => info.name !== name));
  }

  /**
   * @param {string} name
   * @param {import("./rankings.js").Changes | null} changes
   * @param {number} now
   */
  rowsChanged(name, changes, now) {
    const panel = this.panels.get(name);
    if (panel === undefined) return;
    if (changes === null) panel.table.marks.clear();
    else panel.table.marks.take(changes, now);
    this.painter.request(panel);
  }

  repaint() {
    for (const panel of this.panels.values()) this.painter.request(panel);
  }

  /** @param {number} now */
  expireMarks(now) {
    for (const panel of this.panels.values()) if (panel.table.marks.expire(now)) this.painter.request(panel);
  }

  /**
   * On a narrow screen this is the one panel in view.
   * @param {string} name
   */
  show(name) {
    this.shown = name;
    for (const [each, panel] of this.panels) {
      panel.section.toggleAttribute("data-shown", each === name);
      panel.tab.setAttribute("aria-pressed", String(each === name));
    }
  }

  /** @param {number} index from 0, in the order on the page */
  focus(index) {
    this.goTo([...this.panels.keys()][index] ?? "");
  }

  /**
   * Go to a list, or wait for it if it is only just being made.
   * @param {string} name
   */
  goTo(name) {
    const panel = this.panels.get(name);
    this.expected = panel === undefined ? name : "";
    if (panel === undefined) return;
    this.show(name);
    panel.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    panel.table.region.focus();
  }

  /** @returns {string} the list that keys are meant for */
  get focused() {
    return document.activeElement?.closest("[data-list]")?.getAttribute("data-list") ?? this.shown;
  }

  /** @param {(symbol: string) => void} act what to do with the symbol under the pointer, if there is one */
  withPointed(act) {
    const row = this.grid.querySelector("tr[data-symbol]:hover");
    if (row instanceof HTMLElement && row.dataset.symbol !== undefined) act(row.dataset.symbol);
  }

  /** @param {number} step */
  focusBy(step) {
    const names = [...this.panels.keys()];
    this.focus((names.indexOf(this.focused) + step + names.length) % names.length);
  }

  /** @param {number} width */
  #resized(width) {
    this.width = width;
    this.#arrange();
  }

  /** As few rows of panels as the width allows, no more columns than those need; the last panel takes the rest. */
  #arrange() {
    const count = this.panels.size;
    if (count === 0 || this.width === 0) return;
    const fit = Math.max(1, Math.floor(this.width / NARROWEST_PANEL_PX));
    const rows = Math.ceil(count / fit);
    const columns = Math.ceil(count / rows);
    this.grid.style.setProperty("--columns", String(columns));
    this.grid.style.setProperty("--rows", String(rows));
    this.grid.style.setProperty("--last", String(columns * rows - count + 1));
  }
}
