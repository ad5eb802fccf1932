/**
 * The reader's workspace: the panels of the layout in use, the sheets that change them, the address that names them and
 * the lines beside the rows. It knows nothing of the socket; `main.js` makes it, and passes news and keys on to it.
 */

import { addressOf, wishOf } from "./address.js";
import { changesOf, definitionOf, valuesOf } from "./definition.js";
import { MARKS } from "./columns.js";
import { FIRST, Layouts } from "./layouts.js";
import { LIST } from "./layout.js";
import { Navigation } from "./navigation.js";
import { PanelSheet } from "./panel_sheet.js";
import { Panels } from "./panels.js";
import { DEFAULT_GROUP, onSelect, select, selected } from "./selection.js";
import { SetupSheet } from "./setup_sheet.js";
import { SparkSource } from "./spark_source.js";

/**
 * @typedef {import("./layout.js").PanelSpec} PanelSpec
 * @typedef {{painter: import("./dom.js").Painter, situation: {session: string, feed: string},
 *   lists: () => Map<string, import("./list_sync.js").ListSync>, pins: import("./table.js").Pinning,
 *   ask: import("./api.js").Ask, say: (words: string) => void, edit: (list: string) => void,
 *   storage: Storage | null}} Surroundings
 */

const OWN_WINDOW = "popup,width=560,height=620";
const SCANS = "/api/v1/scans";

export class Workspace {
  /**
   * @param {Surroundings} surroundings
   * @param {import("./panel_kinds.js").Registry} kinds
   */
  constructor(surroundings, kinds) {
    this.surroundings = surroundings;
    const { painter, situation, lists, pins, ask, say, edit, storage } = surroundings;
    const wish = wishOf(location.search);
    this.layouts = new Layouts(storage);
    this.alone = wish.alone !== null;
    document.documentElement.toggleAttribute("data-alone", this.alone);
    const listOf = (/** @type {string} */ name) => lists().get(name);
    this.lines = new SparkSource(ask, lists, () => this.panels.repaint());
    this.navigation = new Navigation(() => this.#view(), (again) => this.#goTo(again), wish.alone);
    this.panels = new Panels({
      painter,
      situation,
      listOf,
      pins,
      say,
      sparks: this.lines.sparks,
      changed: (layout) => this.#changed(layout),
      configure: (id) => this.panelSheet.open(id),
      popOut: (panel) => this.popOut(panel),
    }, kinds, wish.alone ?? this.layouts.layout);
    const infos = () => [...(this.panels.infos?.values() ?? [])];
    this.panelSheet = new PanelSheet({
      infos,
      change: this.panels.owner.change,
      remove: this.panels.owner.remove,
      move: (_id, step) => this.panels.moveBy(step),
      editList: edit,
      send: (list, columns) => void this.#sendColumns(list, columns),
      specOf: (id) => this.panels.layout.panels.find((panel) => panel.id === id),
    });
    this.setupSheet = new SetupSheet({
      layouts: this.layouts,
      infos,
      say,
      kinds: Object.keys(kinds),
      add: (panel) => this.panels.add(panel),
      turned: () => this.#turned(),
      looked: () => this.#looked(),
      link: () => this.#link(),
    });
    this.keys = this.#keys();
    onSelect(DEFAULT_GROUP, () => this.navigation.changed());
    this.panels.grid.addEventListener("focusin", () => this.navigation.changed());
    this.#begin(wish);
  }

  /** @returns {{[key: string]: () => void}} */
  #keys() {
    const { panels } = this;
    const { owner } = panels;
    return {
      l: () => this.setupSheet.open(),
      a: () => this.setupSheet.open(),
      s: () => panels.withCurrent(owner.configure),
      o: () => panels.withCurrent(owner.popOut),
      x: () => panels.withCurrent(owner.remove),
      "<": () => panels.moveBy(-1),
      ">": () => panels.moveBy(1),
      "[": () => panels.focusBy(-1),
      "]": () => panels.focusBy(1),
    };
  }

  /** @param {import("./address.js").Wish} wish what the address says as the page opens */
  #begin(wish) {
    if (wish.problem !== "") this.surroundings.say(wish.problem);
    this.#goTo(wish);
    this.navigation.settle();
  }

  /** @param {import("./address.js").Wish} wish */
  #goTo(wish) {
    if (wish.shared !== null) this.layouts.adopt(wish.layout || "Shared", wish.shared);
    else if (!this.alone && !this.layouts.use(wish.layout || FIRST)) {
      this.surroundings.say(`this browser has no layout named ${wish.layout}: ask for a link that carries it`);
    }
    if (!this.alone) this.panels.setLayout(this.layouts.layout);
    if (wish.list !== "") this.panels.goTo(wish.list);
    select(DEFAULT_GROUP, wish.symbol);
  }

  /** @returns {import("./navigation.js").View} */
  #view() {
    const { current } = this.layouts;
    const [first] = this.panels.frames.keys();
    const { shown, focused } = this.panels;
    return {
      layout: this.alone || current === FIRST ? "" : current,
      list: this.alone || shown === first ? "" : focused,
      symbol: selected(DEFAULT_GROUP),
    };
  }

  #link() {
    const { current, layout } = this.layouts;
    return location.origin + location.pathname + addressOf({ ...this.#view(), layout: current }, { shared: layout });
  }

  /** @param {import("./layout.js").Layout} layout as the reader changed it */
  #changed(layout) {
    if (this.alone) this.navigation.alone = layout;
    else this.layouts.keep(layout);
    this.navigation.changed();
  }

  #turned() {
    this.panels.setLayout(this.layouts.layout);
    this.navigation.changed();
  }

  #looked() {
    this.panels.rearrange();
    this.panels.showAgain();
  }

  /** @param {PanelSpec} panel */
  popOut(panel) {
    const address = addressOf({ symbol: selected(panel.group) }, { alone: { panels: [panel] } });
    // Without a word to the new window about who opened it, which it has no need of.
    window.open(location.pathname + address, `tradeul-${panel.kind}-${panel.list ?? ""}`, OWN_WINDOW);
  }

  /**
   * @param {string} name of a list that is to send these columns from now on
   * @param {string[]} columns
   */
  async #sendColumns(name, columns) {
    const { ask, say } = this.surroundings;
    const known = await ask("GET", SCANS);
    const entries = /** @type {import("./definition.js").Entry[]} */ (known.content?.scans ?? []);
    const entry = entries.find((each) => each.name === name);
    const wanted = columns.filter((column) => !MARKS.has(column));
    const changes = entry && changesOf(entry, definitionOf({ ...valuesOf(entry), columns: wanted }));
    const refusal = changes ? (await ask("PUT", `${SCANS}/${encodeURIComponent(name)}`, changes)).refusal : known.refusal;
    if (refusal !== null) say(`the list does not send that column: ${refusal.message}`);
  }

  /**
   * @param {string} list
   * @param {import("./rankings.js").Changes | null} changes
   * @param {number} now
   */
  rows(list, changes, now) {
    this.lines.rows(list, changes, now);
    this.panels.rowsChanged(list, changes, now);
  }

  /** @param {number} now */
  beat(now) {
    const panels = [...this.panels.frames.values()].map(({ spec }) => spec);
    const shown = panels.filter(({ kind }) => kind === LIST).map(({ list }) => list ?? "");
    this.lines.beat(now, new Set(shown));
    this.panels.expireMarks(now);
  }
}
