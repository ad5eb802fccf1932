/**
 * The panels of a layout on the page: where each stands, what it is told, and what is done to it by pointer and keys.
 * On a narrow screen one at a time under a strip of tabs. What a panel shows is its kind's own matter.
 */

import { arranged, columnsFor } from "./arrange.js";
import { columnOf } from "./columns.js";
import { byId } from "./dom.js";
import { BadLayout, LIST, withChange, withMove, withoutPanel, withPanel } from "./layout.js";
import { PanelFrame } from "./panel_frame.js";
import { select, selected } from "./selection.js";
import { scale } from "./theme.js";

/**
 * @typedef {import("./layout.js").Layout} Layout
 * @typedef {import("./layout.js").PanelSpec} PanelSpec
 * @typedef {import("./protocol.js").ListInfo} ListInfo
 * @typedef {import("./columns.js").Field} Field
 *
 * What the panels need of the page; `changed` hears of each new layout that the reader made.
 * @typedef {{painter: import("./dom.js").Painter, situation: {session: string, feed: string},
 *   listOf: (name: string) => import("./list_sync.js").ListSync | undefined,
 *   pins: import("./table.js").Pinning, sparks: import("./table.js").Drawing,
 *   changed: (layout: Layout) => void, edit: (list: string) => void, configure: (id: number) => void,
 *   popOut: (panel: PanelSpec) => void,
 *   say: (words: string) => void}} Surroundings
 */

const NARROWEST_PANEL_PX = 400;

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
   * @param {Surroundings} surroundings
   * @param {import("./panel_kinds.js").Registry} kinds
   * @param {Layout} layout
   */
  constructor(surroundings, kinds, layout) {
    this.surroundings = surroundings;
    this.kinds = kinds;
    this.layout = layout;
    this.grid = byId("lists");
    this.tabs = byId("tabs");
    /** @type {Map<number, PanelFrame>} in the order of the layout */
    this.frames = new Map();
    /** @type {Map<string, ListInfo> | null} null until the server has told which lists there are */
    this.infos = null;
    /** @type {Map<string, Field>} */
    this.catalogue = new Map();
    /** @type {Map<string, import("./columns.js").Column>} */
    this.columns = new Map();
    this.width = 0;
    this.size = { columns: 1, rows: 1 };
    this.shown = 0;
    /** The list that is to be gone to as soon as it is there. */
    this.expected = "";
    const { painter, situation, listOf, pins, sparks, changed: _, ...acts } = surroundings;
    const infoOf = (/** @type {string} */ name) => this.infos?.get(name);
    /** @type {import("./panel_kinds.js").PageParts} */
    this.page = { painter, situation, listOf, infoOf, column: (name) => this.column(name), pins, sparks, scale };
    /** @type {import("./panel_frame.js").Owner} */
    this.owner = {
      change: (id, parts) => this.edit(withChange(this.layout, id, parts)),
      drop: (id, onto) => this.#drop(id, onto),
      edit: (id) => acts.edit(this.frames.get(id)?.spec.list ?? ""),
      configure: acts.configure,
      popOut: (id) => {
        const panel = this.frames.get(id)?.spec;
        if (panel !== undefined) acts.popOut(panel);
      },
      remove: (id) => this.edit(withoutPanel(this.layout, id)),
      cell: () => this.#cell(),
    };
    const watcher = new ResizeObserver((boxes) => boxes.forEach(({ contentRect }) => this.#resized(contentRect.width)));
    watcher.observe(this.grid);
    this.grid.addEventListener("focusin", ({ target }) => this.#focused(target));
    this.grid.addEventListener("click", ({ target }) => this.#pressed(target));
    this.#build();
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
    this.showAgain();
  }

  /** @param {ListInfo[]} infos the lists there are, in the server's order */
  setLists(infos) {
    this.infos = new Map(infos.map((info) => [info.name, info]));
    this.#build();
    this.showAgain();
    if (this.infos.has(this.expected)) this.goTo(this.expected);
  }

  /** @param {string} name */
  drop(name) {
    this.setLists([...(this.infos?.values() ?? [])].filter((info) => info.name !== name));
  }

  /** Something that all panels depend on is another one. */
  showAgain() {
    for (const { shown, spec } of this.frames.values()) shown.show?.(spec);
  }

  /** @param {Layout} layout that somebody else keeps already */
  setLayout(layout) {
    this.layout = layout;
    this.#build();
  }

  /** @param {Layout} layout that the reader made of the one that stands */
  edit(layout) {
    this.setLayout(layout);
    this.surroundings.changed(layout);
  }

  /** @param {Parameters<typeof withPanel>[1]} panel */
  add(panel) {
    try {
      this.edit(withPanel(this.layout, panel));
      const added = this.layout.panels.at(-1);
      if (added !== undefined) this.focusPanel(added.id);
    } catch (error) {
      if (!(error instanceof BadLayout)) throw error;
      this.surroundings.say(error.message);
    }
  }

  /**
   * Panels that stay are left where they are, with what they show and how far they are scrolled. One of a list that is
   * switched off has no place meanwhile, and has its own again when the list is back.
   */
  #build() {
    const wanted = this.layout.panels.filter((panel) => this.#isThere(panel));
    const before = this.frames;
    this.frames = new Map(wanted.map((panel) => [panel.id, before.get(panel.id) ?? this.#made(panel)]));
    for (const [id, frame] of before) if (!this.frames.has(id)) frame.close();
    const frames = [...this.frames.values()];
    inOrder(this.grid, frames.map((frame) => frame.section));
    inOrder(this.tabs, frames.map((frame) => frame.tab));
    this.grid.toggleAttribute("data-mixed", new Set(wanted.map((panel) => panel.group)).size > 1);
    this.grid.toggleAttribute("data-bare", frames.length === 0);
    this.#arrange(wanted);
    for (const panel of wanted) this.frames.get(panel.id)?.show(panel);
    this.#reveal(this.frames.has(this.shown) ? this.shown : (wanted[0]?.id ?? 0));
  }

  /** @param {PanelSpec} panel */
  #isThere({ kind, list }) {
    if (this.kinds[kind] === undefined) return false;
    return kind !== LIST || this.infos === null || this.infos.has(list ?? "");
  }

  /** @param {PanelSpec} panel */
  #made(panel) {
    const kind = /** @type {import("./panel_kinds.js").Registry[string]} */ (this.kinds[panel.kind]);
    const frame = new PanelFrame(panel, this.page, this.owner, kind.make);
    frame.tab.addEventListener("click", () => this.focusPanel(frame.spec.id));
    frame.tab.addEventListener("focus", () => frame.tab.scrollIntoView({ block: "nearest", inline: "nearest" }));
    return frame;
  }

  /**
   * @param {string} list
   * @param {import("./rankings.js").Changes | null} changes
   * @param {number} now
   */
  rowsChanged(list, changes, now) {
    for (const { shown } of this.frames.values()) shown.rows?.(list, changes, now);
  }

  repaint() {
    for (const { shown } of this.frames.values()) shown.repaint?.();
  }

  /** @param {number} now */
  expireMarks(now) {
    for (const { shown } of this.frames.values()) shown.expire?.(now);
  }

  /** @param {number} id the one panel in view where there is room for one */
  #reveal(id) {
    this.shown = id;
    for (const [each, frame] of this.frames) {
      frame.section.toggleAttribute("data-shown", each === id);
      frame.tab.setAttribute("aria-pressed", String(each === id));
    }
  }

  /** @param {EventTarget | null} target */
  #focused(target) {
    const section = target instanceof Element ? target.closest(".panel") : null;
    for (const [id, frame] of this.frames) if (frame.section === section) this.#reveal(id);
  }

  /**
   * Where there is room for one panel, who presses a row wants to see what it is about, be it chosen already or not.
   * @param {EventTarget | null} target
   */
  #pressed(target) {
    if (!(target instanceof Element) || target.closest("[data-field=pin]") !== null) return;
    const row = target.closest("tr[data-symbol]");
    if (!(row instanceof HTMLElement) || this.tabs.getClientRects().length === 0) return;
    const group = this.current?.group ?? "";
    const detail = [...this.frames.values()].find(({ spec }) => spec.kind === "detail" && spec.group === group);
    if (detail === undefined) return;
    select(group, row.dataset.symbol ?? "");
    this.focusPanel(detail.spec.id);
  }

  /** @param {number} id */
  focusPanel(id) {
    const frame = this.frames.get(id);
    if (frame === undefined) return;
    this.#reveal(id);
    frame.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    frame.section.scrollIntoView({ block: "nearest" });
    frame.focus();
  }

  /** @param {number} index from 0, in the order on the page */
  focus(index) {
    this.focusPanel([...this.frames.keys()][index] ?? 0);
  }

  /**
   * Go to a list, or wait for it if it is only just being made; without a panel it is given one.
   * @param {string} name
   */
  goTo(name) {
    const known = this.infos?.has(name) === true;
    this.expected = known ? "" : name;
    if (!known) return;
    const panel = this.layout.panels.find((each) => each.list === name);
    if (panel === undefined) this.add({ kind: LIST, list: name });
    else this.focusPanel(panel.id);
  }

  /** @returns {PanelSpec | undefined} the panel that keys are meant for */
  get current() {
    return this.frames.get(this.shown)?.spec;
  }

  /** @returns {{group: string, name: string, sheet: import("./panel_kinds.js").Shown["sheet"]} | null} what is seen in it */
  get seen() {
    const frame = this.frames.get(this.shown);
    if (frame === undefined) return null;
    const { spec, shown } = frame;
    return { group: spec.group, name: spec.list ?? spec.kind, sheet: shown.sheet?.bind(shown) };
  }

  /** @returns {string} the list that keys are meant for */
  get focused() {
    return this.current?.list ?? "";
  }

  /** @param {(symbol: string) => void} act what to do with the symbol under the pointer, else the chosen one */
  withPointed(act) {
    const row = this.grid.querySelector("tr[data-symbol]:hover");
    const symbol = row instanceof HTMLElement ? (row.dataset.symbol ?? "") : selected(this.current?.group ?? "");
    if (symbol !== "") act(symbol);
  }

  /** @param {string} symbol for the group of the panel that keys are meant for */
  choose(symbol) {
    const { current } = this;
    if (current !== undefined) select(current.group, symbol);
  }

  /** @param {number} step */
  focusBy(step) {
    const ids = [...this.frames.keys()];
    this.focus((ids.indexOf(this.shown) + step + ids.length) % ids.length);
  }

  /** @param {number} step */
  moveBy(step) {
    const ids = [...this.frames.keys()];
    const other = ids[ids.indexOf(this.shown) + step];
    if (other === undefined) return;
    this.#place(this.shown, other);
    this.focusPanel(this.shown);
  }

  /** @param {(id: number) => void} act */
  withCurrent(act) {
    if (this.frames.has(this.shown)) act(this.shown);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the panel that has the keyboard took it
   */
  key(event) {
    const section = event.target instanceof Element ? event.target.closest(".panel") : null;
    const frame = [...this.frames.values()].find((each) => each.section === section);
    return frame !== undefined && frame.key(event);
  }

  /**
   * @param {number} id
   * @param {Element | null} onto
   */
  #drop(id, onto) {
    const other = [...this.frames.values()].find((frame) => frame.section === onto);
    if (other === undefined) return;
    this.#place(id, other.spec.id);
    // What is moved in the document loses the keyboard.
    this.focusPanel(id);
  }

  /**
   * @param {number} id
   * @param {number} other in whose place it is to stand
   */
  #place(id, other) {
    this.edit(withMove(this.layout, id, this.layout.panels.findIndex((panel) => panel.id === other)));
  }

  /** @param {number} width */
  #resized(width) {
    this.width = width;
    this.rearrange();
  }

  rearrange() {
    this.#arrange([...this.frames.values()].map((frame) => frame.spec));
  }

  /** @param {PanelSpec[]} panels those in view, in their order */
  #arrange(panels) {
    if (this.width === 0) return;
    const columns = columnsFor(this.width, NARROWEST_PANEL_PX * scale());
    const { places, rows } = arranged(panels, columns);
    this.size = { columns, rows };
    this.grid.style.setProperty("--columns", String(columns));
    this.grid.style.setProperty("--rows", String(Math.max(1, rows)));
    panels.forEach(({ id }, index) => {
      const place = places[index];
      const section = this.frames.get(id)?.section;
      if (place === undefined || section === undefined) return;
      section.style.gridArea = `${place.y + 1} / ${place.x + 1} / span ${place.h} / span ${place.w}`;
    });
  }

  #cell() {
    const { width, height } = this.grid.getBoundingClientRect();
    const rowHeight = Math.max(height, this.grid.scrollHeight) / this.size.rows;
    return { width: width / this.size.columns, height: rowHeight };
  }
}
