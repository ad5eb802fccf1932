/**
 * What the page shows beyond its lists: the detail of each colour's symbol, the activity log, the search, the alerts, the
 * time machine. Made once by `main.js`, which hands it the news of the connection; `panels` are the kinds of panel that it fills.
 */

import { Activity } from "./activity.js";
import { ActivityLog } from "./activity_log.js";
import { AlertDesk } from "./alert_desk.js";
import { Detail } from "./detail.js";
import { byId } from "./dom.js";
import { DEFAULT_GROUP, GROUPS, onSelect, select, selected } from "./selection.js";
import { save } from "./spreadsheet.js";
import { SymbolSearch } from "./symbol_search.js";

const EVENTS = "/api/v1/history/events?limit=2000";

/**
 * @typedef {{ask: import("./api.js").Ask, painter: import("./dom.js").Painter,
 *   connection: import("./connection.js").Connection, column: (field: string) => import("./columns.js").Column,
 *   now: () => number | null, wayOf: (symbol: string, updated: unknown) => import("./ways.js").Told | null, say: (words: string) => void, current: () => Current | null,
 *   fields: () => Iterable<import("./columns.js").Field>}} Page
 *
 * The panel that keys are meant for.
 * @typedef {{group: string, name: string, sheet: (() => import("./spreadsheet.js").Sheet) | undefined}} Current
 *
 * @typedef {{group: () => string}} Context
 */

export class Closeup {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.viewer = page.connection.viewer;
    this.activity = new Activity();
    /** @type {Set<Detail | ActivityLog>} */
    this.open = new Set();
    /** @type {{title: string, address: string}[]} */
    this.links = [];
    /** @type {import("./protocol.js").Replaying | undefined} */
    this.replay = undefined;
    /** @type {readonly import("./protocol.js").ListInfo[]} */
    this.lists = [];
    const look = (/** @type {string} */ symbol) => select(this.#group(), symbol);
    this.search = new SymbolSearch(page.ask, look);
    this.alerts = new AlertDesk({ ask: page.ask, say: page.say, fields: page.fields, lists: () => this.lists, look });
    this.look = look;
    /** @type {import("./time_machine.js").TimeMachine | null} */
    this.machine = null;
    byId("machine-open").addEventListener("click", () => void this.#openMachine());
    for (const group of GROUPS) {
      onSelect(group, (symbol) => {
        page.connection.watch(group, symbol);
        this.repaint();
      });
    }
  }

  /** @returns {{[key: string]: () => void}} what is done by which key */
  get keys() {
    return {
      "/": () => this.search.open(),
      c: () => void this.copy(selected(this.#group())),
      v: () => this.saveSheet(),
      b: () => void this.alerts.open(),
      h: () => void this.#openMachine(),
    };
  }

  /** Loaded with its first use: a page that opens at 09:29 does without it. */
  async #openMachine() {
    const { TimeMachine } = await import("./time_machine.js");
    const { ask, current } = this.page;
    this.machine ??= new TimeMachine({ ask, look: this.look, lists: () => this.lists, current: () => current()?.name ?? "" });
    await this.machine.open();
  }

  #group() {
    return this.page.current()?.group ?? DEFAULT_GROUP;
  }

  /** Hand what is seen in the panel that keys are meant for to the reader, as a file. */
  saveSheet() {
    const current = this.page.current();
    if (current?.sheet === undefined) return this.page.say("this panel has no rows to save: go to a list first");
    const moment = new Date(this.page.now() ?? Date.now()).toISOString().slice(0, 19).replaceAll(":", "");
    save(`${current.name}-${moment}Z.csv`, current.sheet());
  }

  /** Fills an element with the detail of its colour's symbol.
   * @param {HTMLElement} host
   * @param {Context} context
   */
  detail(host, context) {
    const { ask, painter, column, now, wayOf } = this.page;
    return this.#opened(new Detail(host, {
      ask, painter, column, now, wayOf, select, activity: this.activity,
      lists: () => this.lists,
      watching: (group) => this.viewer.watchings.of(group),
      rowOf: (symbol) => this.rowOf(symbol),
      links: () => this.links,
      copy: (symbol) => void this.copy(symbol),
    }, context.group));
  }

  /** Fills an element with the activity log.
   * @param {HTMLElement} host
   * @param {Context} context
   */
  activityLog(host, context) {
    const { painter } = this.page;
    const parts = { activity: this.activity, painter, lists: () => this.lists, select, selected };
    const log = new ActivityLog(host, parts, context.group);
    return { ...this.#opened(log), sheet: () => log.sheet() };
  }

  /**
   * @template {Detail | ActivityLog} Part
   * @param {Part} part
   */
  #opened(part) {
    this.open.add(part);
    return {
      repaint: () => this.page.painter.request(part),
      close: () => {
        this.open.delete(part);
        if (part instanceof Detail) part.close();
      },
    };
  }

  /** @param {import("./viewer.js").News} news */
  told(news) {
    if (news.kind === "hello") void this.#load();
    else if (news.kind === "lists") this.#name(news.lists);
    else if (news.kind === "gone") this.activity.forget(news.list);
    else if (news.kind === "rows") this.#rows(news.list, news.changes);
    else if (news.kind === "symbol") this.repaint();
    else if (news.kind === "alert") this.alerts.rang(news.alert);
    else if (news.kind === "status") this.#follow(news.status.replay);
  }

  /**
   * A replay that went on elsewhere: what was told of its future goes, and what was drawn is asked for anew.
   * @param {import("./protocol.js").Replaying | undefined} replay
   */
  #follow(replay) {
    const leapt = replay !== undefined && this.replay !== undefined && replay.leaps !== this.replay.leaps;
    this.replay = replay;
    if (!leapt) return;
    this.activity.rewind(replay.at);
    void this.#loadLeap(replay.at);
    for (const part of this.open) if (part instanceof Detail) part.leap();
    this.repaint();
  }

  /** @param {readonly import("./protocol.js").ListInfo[]} lists */
  #name(lists) {
    this.lists = lists;
    this.repaint();
  }

  /** Called at each beat of the page. */
  beat() {
    const now = this.page.now();
    if (now !== null && this.activity.settle(now)) this.repaint();
    for (const part of this.open) if (part instanceof Detail) part.beat();
  }

  repaint() {
    for (const part of this.open) this.page.painter.request(part);
  }

  /**
   * @param {string} symbol
   * @returns {import("./bars.js").Values} what the lists that it is in say of it
   */
  rowOf(symbol) {
    const { lists } = this.viewer;
    const rows = [...lists.values()].flatMap((list) => list.rows.find((row) => row.symbol === symbol) ?? []);
    return Object.assign({}, ...rows);
  }

  /** @param {string} symbol */
  async copy(symbol) {
    if (symbol === "") return;
    try {
      await navigator.clipboard.writeText(symbol);
      this.page.say(`${symbol} is copied`);
    } catch {
      this.page.say(`the browser does not let ${symbol} be copied`);
    }
  }

  /**
   * @param {string} name
   * @param {import("./rankings.js").Changes | null} changes
   */
  #rows(name, changes) {
    const list = this.viewer.lists.get(name);
    if (list === undefined) return;
    const came = changes === null || changes.added.length > 0 || changes.removed.length > 0;
    const { version } = this.activity;
    this.activity.see(list, changes !== null && this.replay?.seeking !== true);
    if (came && version !== this.activity.version) this.repaint();
  }

  /** @param {number} at */
  async #loadLeap(at) {
    const { content } = await this.page.ask("GET", EVENTS);
    if (content !== null) this.activity.leapt(at, content.events);
    this.repaint();
  }

  /** What happened before we looked, or while we could not. */
  async #load() {
    const [events, links] = await Promise.all([
      this.page.ask("GET", EVENTS),
      this.links.length > 0 ? null : this.page.ask("GET", "/api/v1/links"),
    ]);
    if (events.content !== null) this.activity.load(events.content.events);
    this.links = links?.content?.links ?? this.links;
    this.repaint();
  }
}
