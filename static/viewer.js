/**
 * The viewer's side of the live protocol without any I/O: frames, closings and the passing of time go in; commands for
 * a socket and news for the page come out. `connection.js` owns the socket and the timer and carries out the commands.
 *
 *   DOWN -> CONNECTING -> SYNCING -> LIVE, STALE after 12 s of silence, HALTED when coming back would change nothing
 */

import { ListSync } from "./list_sync.js";
import { limitsOf, Pace } from "./pace.js";
import { ACTIONS, FIRST_FINAL_CLOSE_CODE, FRAMES, PROTOCOL } from "./protocol.js";
import { Watchings } from "./watching.js";

/**
 * @typedef {"DOWN" | "CONNECTING" | "SYNCING" | "LIVE" | "STALE" | "HALTED"} LinkState
 * @typedef {{kind: "open", socket: number} | {kind: "send", socket: number, message: object}
 *   | {kind: "close", socket: number}} Command
 * @typedef {{kind: "hello", hello: import("./protocol.js").Hello}
 *   | {kind: "lists", lists: import("./protocol.js").ListInfo[]}
 *   | {kind: "rows", list: string, changes: import("./rankings.js").Changes | null}
 *   | {kind: "gone", list: string}
 *   | {kind: "symbol", aggregate?: import("./protocol.js").Aggregate}
 *   | {kind: "alert", alert: import("./protocol.js").Alert}
 *   | {kind: "status", status: import("./protocol.js").Status}
 *   | {kind: "heartbeat", heartbeat: import("./protocol.js").Heartbeat}} News
 */

export const STALE_MS = 12_000;
export const RECONNECT_MS = 15_000;
export const FIRST_RETRY_MS = 2_000;
export const LONGEST_RETRY_MS = 20_000;
/** A connection that lived this long was a good one: the next retry starts from the shortest wait again. */
export const HEALTHY_MS = 30_000;
/** A tick this late means that timers were held up; silence until then proves nothing about the server. */
export const LATE_TICK_MS = 5_000;

const TOO_OLD = "this page is too old: reload it";

/** @type {{[code: number]: string}} */
const WHY_HALTED = {
  4500: "the server refused this page's requests",
  4501: "not signed in",
  4503: "too many connections from here",
  4504: TOO_OLD,
};

export class Viewer {
  /** @param {() => number} random uniform in [0, 1) */
  constructor(random) {
    this.random = random;
    /** @type {Map<string, ListSync>} */
    this.lists = new Map();
    /** @type {ReadonlySet<string> | null} those that are to be followed; null: all there are */
    this.wanted = null;
    /** @type {import("./protocol.js").ListInfo[]} */
    this.infos = [];
    this.watchings = new Watchings();
    /** @type {string | null} */
    this.halted = null;
    this.retryAt = 0;
    this.reason = "";
    this.stale = false;
    /** @type {Command[]} */
    this.commands = [];
    /** @type {News[]} */
    this.news = [];

    this.socket = 0;
    this.open = false;
    /** @type {string | null} the epoch that this connection's hello named */
    this.epoch = null;
    this.openedAt = 0;
    this.heardAt = 0;
    this.tickedAt = 0;
    this.attempts = 0;
    this.holdMs = 0;
    this.lastId = 0;
    /** @type {Map<number | string, string>} */
    this.requests = new Map();
    this.limits = limitsOf(null);
    this.pace = new Pace(this.limits, 0);
    /** @type {{list: ListSync, message: object}[]} at most one for each list */
    this.outbox = [];
  }

  /** @returns {LinkState} */
  get state() {
    if (this.halted !== null) return "HALTED";
    if (!this.open) return "DOWN";
    if (this.epoch === null) return "CONNECTING";
    if (this.stale) return "STALE";
    return [...this.lists.values()].every((list) => list.state === "LIVE") ? "LIVE" : "SYNCING";
  }

  /** @param {number} now */
  connect(now) {
    this.socket += 1;
    this.open = true;
    this.epoch = null;
    this.stale = false;
    this.openedAt = now;
    this.heardAt = now;
    this.tickedAt = now;
    this.holdMs = 0;
    this.commands.push({ kind: "open", socket: this.socket });
  }

  /** @param {number} now */
  tick(now) {
    const late = now - this.tickedAt > LATE_TICK_MS;
    this.tickedAt = now;
    if (this.halted !== null) return;
    if (!this.open) {
      if (now >= this.retryAt) this.connect(now);
      return;
    }
    const silence = now - this.heardAt;
    if (silence >= RECONNECT_MS) this.#giveUp("no word from the server", now, late);
    else if (silence >= STALE_MS && !late) this.stale = true;
    else {
      this.watchings.tick(now);
      this.#talk(now);
      this.#tickLists(now);
    }
  }

  /**
   * A window of one list has no use for the others.
   * @param {ReadonlySet<string> | null} names
   * @param {number} now
   */
  follow(names, now) {
    this.wanted = names;
    if (this.epoch !== null) this.#adopt(this.infos, now);
  }

  /**
   * Look closely at a symbol from now on, instead of the one that the group looked at before.
   * @param {string} group
   * @param {string} symbol empty for none
   * @param {number} now
   */
  watch(group, symbol, now) {
    this.watchings.of(group).choose(symbol);
    this.news.push({ kind: "symbol" });
    this.#talk(now);
  }

  /**
   * The machine slept or the network came back: what is open may be dead, and waiting helps nobody.
   * @param {number} now
   */
  wake(now) {
    if (this.halted !== null) return;
    if (this.open) this.#giveUp("woke up", now, true);
    this.connect(now);
  }

  /** @param {number} now */
  retry(now) {
    if (this.halted === null && !this.open) this.connect(now);
  }

  /**
   * @param {number} socket
   * @param {number} code
   * @param {string} reason
   * @param {number} now
   */
  closed(socket, code, reason, now) {
    if (socket !== this.socket || !this.open) return;
    this.#disconnect(now);
    if (code >= FIRST_FINAL_CLOSE_CODE) this.halted = WHY_HALTED[code] ?? (reason || `closed with ${code}`);
    else this.#plan(reason || this.reason || "connection lost", now, false);
  }

  /**
   * @param {number} socket
   * @param {{type?: unknown, [field: string]: any}} frame
   * @param {number} now
   */
  frame(socket, frame, now) {
    if (socket !== this.socket || !this.open) return;
    this.heardAt = now;
    this.stale = false;
    if (frame.type === FRAMES.hello) this.#hello(/** @type {import("./protocol.js").Hello} */ (frame), now);
    else if (this.epoch !== null) this.#dispatch(frame, now);
  }

  /**
   * @param {import("./protocol.js").Hello} hello
   * @param {number} now
   */
  #hello(hello, now) {
    if (hello.protocol !== PROTOCOL) {
      this.commands.push({ kind: "close", socket: this.socket });
      this.#disconnect(now);
      this.halted = TOO_OLD;
      return;
    }
    this.epoch = hello.epoch;
    this.reason = "";
    this.requests.clear();
    this.limits = limitsOf(hello.limits);
    this.pace = new Pace(this.limits, now);
    this.news.push({ kind: "hello", hello });
    this.#adopt(hello.lists, now);
    this.#talk(now);
    // Who asks for nothing is sent away, and a server without lists leaves nothing else to ask.
    const silent = this.lists.size === 0 && this.watchings.idle;
    if (silent) this.commands.push({ kind: "send", socket: this.socket, message: { action: ACTIONS.ping } });
  }

  /**
   * @param {{type?: unknown, [field: string]: any}} frame
   * @param {number} now
   */
  #dispatch(frame, now) {
    const list = this.lists.get(frame.list);
    switch (frame.type) {
      case FRAMES.snapshot:
        if (list) this.#carryOut(list, list.snapshot(/** @type {any} */ (frame)), now);
        break;
      case FRAMES.delta:
        if (list) this.#carryOut(list, list.delta(/** @type {any} */ (frame)), now);
        break;
      case FRAMES.subscribed:
        list?.subscribed(frame.id, frame.recovered === true, this.epoch);
        break;
      case FRAMES.unsubscribed:
        if (list) this.#forget(list.name);
        break;
      default:
        this.#dispatchForAll(frame, now);
    }
  }

  /**
   * @param {{type?: unknown, [field: string]: any}} frame
   * @param {number} now
   */
  #dispatchForAll(frame, now) {
    switch (frame.type) {
      case FRAMES.heartbeat:
        this.#heartbeat(/** @type {any} */ (frame), now);
        break;
      case FRAMES.status:
        this.news.push({ kind: "status", status: /** @type {any} */ (frame) });
        this.watchings.heardOfFeed(frame.feed);
        if (Array.isArray(frame.lists)) this.#adopt(frame.lists, now);
        break;
      case FRAMES.aggregate:
        this.news.push(...this.watchings.newsOf(/** @type {any} */ (frame)));
        break;
      case FRAMES.alert:
        this.news.push({ kind: "alert", alert: /** @type {any} */ (frame) });
        break;
      case FRAMES.error:
        if (this.watchings.refused(/** @type {any} */ (frame))) this.news.push({ kind: "symbol" });
        else this.#refused(frame.code, this.requests.get(frame.id) ?? "");
        break;
      case FRAMES.bye:
        this.reason = String(frame.reason ?? "");
        this.holdMs = Number(frame.retry_after_ms ?? 0);
        break;
    }
  }

  /**
   * @param {import("./protocol.js").Heartbeat} heartbeat
   * @param {number} now
   */
  #heartbeat(heartbeat, now) {
    this.news.push({ kind: "heartbeat", heartbeat });
    for (const list of this.lists.values()) this.#carryOut(list, list.heartbeat(heartbeat), now);
  }

  /**
   * @param {unknown} code
   * @param {string} name of the list that was asked for
   */
  #refused(code, name) {
    if (code === "unknown_list") this.#forget(name);
    // It stands on the page without rows, and is asked for again when the lists change.
    if (code === "too_many") this.#letGo(name);
  }

  /**
   * Follow these lists, as many of them as a connection may. Rows of a list that was known before stay and are shown
   * as old until it is in step.
   * @param {import("./protocol.js").ListInfo[]} infos
   * @param {number} now
   */
  #adopt(infos, now) {
    const known = this.lists;
    this.infos = infos;
    const wanted = infos.filter(({ name }) => this.wanted?.has(name) !== false);
    const followed = wanted.slice(0, this.limits.lists);
    this.lists = new Map(followed.map(({ name }) => [name, known.get(name) ?? new ListSync(name)]));
    for (const name of known.keys()) if (!this.lists.has(name)) this.#unask(name);
    this.news.push({ kind: "lists", lists: infos });
    const asked = new Set(this.requests.values());
    for (const list of this.lists.values()) if (!asked.has(list.name)) this.#subscribe(list, now);
  }

  /**
   * @param {ListSync} list
   * @param {number} now
   */
  #subscribe(list, now) {
    this.#unask(list.name);
    this.lastId += 1;
    this.requests.set(this.lastId, list.name);
    this.#carryOut(list, list.subscribe(this.lastId), now);
  }

  /** @param {string} name */
  #forget(name) {
    if (this.#letGo(name)) this.news.push({ kind: "gone", list: name });
  }

  /** @param {string} name */
  #letGo(name) {
    this.#unask(name);
    return this.lists.delete(name);
  }

  /**
   * What was asked about a list is answered to nobody, what was to be asked is not asked.
   * @param {string} name
   */
  #unask(name) {
    for (const [id, list] of this.requests) if (list === name) this.requests.delete(id);
    this.outbox = this.outbox.filter(({ list }) => list.name !== name);
  }

  /**
   * Say what waits to be said, as fast as the server allows.
   * @param {number} now
   */
  #talk(now) {
    while (this.outbox.length > 0 && this.pace.allows(now)) {
      const { list, message } = /** @type {{list: ListSync, message: object}} */ (this.outbox.shift());
      this.commands.push({ kind: "send", socket: this.socket, message });
      list.asked(now);
    }
    if (this.epoch !== null) this.#talkOfSymbol(now);
  }

  /** @param {number} now */
  #talkOfSymbol(now) {
    for (;;) {
      const next = this.watchings.next(now);
      if (next === null || !this.pace.allows(now)) return;
      this.commands.push({ kind: "send", socket: this.socket, message: next.message });
      next.watching.said(now);
    }
  }

  /** @param {number} now */
  #tickLists(now) {
    for (const list of this.lists.values()) {
      if (!this.open || this.epoch === null) return;
      this.#carryOut(list, list.tick(now), now);
    }
  }

  /**
   * @param {ListSync} list
   * @param {import("./list_sync.js").Step} step
   * @param {number} now
   */
  #carryOut(list, step, now) {
    if (step.send) {
      this.outbox.push({ list, message: step.send });
      this.#talk(now);
    }
    if (step.subscribe) this.#subscribe(list, now);
    if (step.changes !== undefined) this.news.push({ kind: "rows", list: list.name, changes: step.changes });
    if (step.giveUp) this.#giveUp(`${list.name} does not come into step`, now, false);
  }

  /**
   * @param {string} reason
   * @param {number} now
   * @param {boolean} atOnce
   */
  #giveUp(reason, now, atOnce) {
    this.commands.push({ kind: "close", socket: this.socket });
    this.#disconnect(now);
    this.#plan(reason, now, atOnce);
  }

  /** @param {number} now */
  #disconnect(now) {
    if (this.epoch !== null && now - this.openedAt >= HEALTHY_MS) this.attempts = 0;
    this.open = false;
    this.epoch = null;
    this.stale = false;
    this.outbox = [];
    for (const list of this.lists.values()) list.disconnect();
    this.watchings.disconnect();
    this.news.push({ kind: "symbol" });
  }

  /**
   * Full jitter spreads the viewers of a restarted server over the whole wait.
   * @param {string} reason
   * @param {number} now
   * @param {boolean} atOnce
   */
  #plan(reason, now, atOnce) {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.attempts);
    this.attempts += 1;
    this.reason = reason;
    this.retryAt = atOnce ? now : now + this.holdMs + this.random() * longest;
  }
}
