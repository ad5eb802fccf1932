/**
 * The symbols the page looks at closely, one for each colour group, which live while they are chosen, whatever lists
 * they are in: what the user wants, what the server was told of that, and the newest values. What is to be said is the
 * difference of the first two, so a lost connection or a quick hand leaves nothing behind. Pure; stepped by `viewer.js`,
 * shown by `detail.js`.
 */

import { ANSWER_MS } from "./list_sync.js";
import { ACTIONS } from "./protocol.js";

/** @typedef {import("./protocol.js").Aggregate} Aggregate */

const NONE = "";

export class Watching {
  constructor() {
    this.symbol = NONE;
    /** What this connection's server was told that we watch. */
    this.told = NONE;
    this.askedAt = 0;
    /** @type {Aggregate["data"] | null} */
    this.values = null;
    this.timestamp = 0;
    /** The values are this connection's. */
    this.live = false;
    /** Why there will be none, in the server's words. */
    this.refusal = "";
    this.tooEarly = false;
  }

  /** @param {string} symbol empty to look at nothing */
  choose(symbol) {
    if (symbol === this.symbol) return;
    this.symbol = symbol;
    this.values = null;
    this.timestamp = 0;
    this.live = false;
    this.#unrefused();
  }

  /** @returns {{action: string, symbols: string[], id?: string} | null} what is to be said next */
  next() {
    if (this.told === this.symbol) return null;
    if (this.told !== NONE) return { action: ACTIONS.unwatch, symbols: [this.told] };
    return { action: ACTIONS.watch, symbols: [this.symbol], id: this.#id() };
  }

  /**
   * What `next` gave is on its way.
   * @param {number} now
   */
  said(now) {
    this.told = this.told === NONE ? this.symbol : NONE;
    this.askedAt = now;
  }

  disconnect() {
    this.told = NONE;
    this.live = false;
    this.#unrefused();
  }

  /**
   * @param {Aggregate} frame
   * @returns {boolean} whether there is something new to be seen
   */
  aggregate(frame) {
    if (frame.symbol !== this.symbol) return false;
    this.values = frame.data;
    this.timestamp = frame.timestamp;
    this.live = true;
    this.#unrefused();
    return true;
  }

  /**
   * @param {import("./protocol.js").Refusal} error
   * @returns {boolean} whether it was about this
   */
  refused(error) {
    if (this.symbol === NONE || error.id !== this.#id()) return false;
    this.refusal = error.message;
    this.tooEarly = error.code === "starting";
    return true;
  }

  /** @param {string} feed how the server says that its feed stands */
  heardOfFeed(feed) {
    if (!this.tooEarly || feed === "starting") return;
    this.#unrefused();
    this.told = NONE;
  }

  /**
   * A question that nobody answers is asked again.
   * @param {number} now
   */
  tick(now) {
    const unanswered = this.told !== NONE && !this.live && this.refusal === "";
    if (unanswered && now - this.askedAt >= ANSWER_MS) this.told = NONE;
  }

  #id() {
    return `watch ${this.symbol}`;
  }

  #unrefused() {
    this.refusal = "";
    this.tooEarly = false;
  }
}

/** A `Watching` for each group. What two groups look at is let go of when neither does any more. */
export class Watchings {
  constructor() {
    /** @type {Map<string, Watching>} */
    this.byGroup = new Map();
  }

  /** @param {string} group */
  of(group) {
    const watching = this.byGroup.get(group) ?? new Watching();
    this.byGroup.set(group, watching);
    return watching;
  }

  /** @returns {Watching[]} */
  get all() {
    return [...this.byGroup.values()];
  }

  /** Nobody looks at anything. */
  get idle() {
    return this.all.every(({ symbol }) => symbol === NONE);
  }

  /**
   * @param {number} now
   * @returns {{message: {action: string, symbols: string[], id?: string}, watching: Watching} | null} what is to be
   *   said next, and who is to hear that it was
   */
  next(now) {
    for (const watching of this.all) {
      const message = watching.next();
      if (message === null) continue;
      const shared = this.all.some((other) => other !== watching && other.told === watching.told);
      if (message.action !== ACTIONS.unwatch || !shared) return { message, watching };
      watching.said(now);
      return this.next(now);
    }
    return null;
  }

  /** @param {number} now */
  tick(now) {
    for (const watching of this.all) watching.tick(now);
  }

  disconnect() {
    for (const watching of this.all) watching.disconnect();
  }

  /**
   * The first frame of a symbol says how it stands. A further one may say that it traded just now, or only that time
   * went by; `aggregate` is there where it traded.
   * @param {Aggregate} frame
   * @returns {{kind: "symbol", aggregate?: Aggregate}[]}
   */
  newsOf(frame) {
    const before = this.all.find((watching) => watching.symbol === frame.symbol && watching.live)?.values;
    const traded = before !== undefined && before?.updated !== frame.data.updated;
    if (!this.aggregate(frame)) return [];
    return [traded ? { kind: "symbol", aggregate: frame } : { kind: "symbol" }];
  }

  /** @param {string} feed how the server says that its feed stands */
  heardOfFeed(feed) {
    for (const watching of this.all) watching.heardOfFeed(feed);
  }

  /**
   * @param {Aggregate} frame
   * @returns {boolean} whether there is something new to be seen
   */
  aggregate(frame) {
    return this.all.map((watching) => watching.aggregate(frame)).includes(true);
  }

  /**
   * @param {import("./protocol.js").Refusal} error
   * @returns {boolean} whether it was about one of these
   */
  refused(error) {
    return this.all.map((watching) => watching.refused(error)).includes(true);
  }
}
