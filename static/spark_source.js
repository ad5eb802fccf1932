/**
 * Feeds the small lines beside the rows: asks the server for a list's last minutes when the list comes whole, and once
 * for those who entered it since; all else comes with the deltas. Nothing is asked while nobody looks.
 */

import { Sparks } from "./sparks.js";

/** Newcomers are asked for together, no more often than a line gains a point. */
const TOGETHER_MS = 15_000;
const PATH = "/api/v1/sparks?list=";

export class SparkSource {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {() => Map<string, import("./list_sync.js").ListSync>} lists
   * @param {() => void} changed
   */
  constructor(ask, lists, changed) {
    this.ask = ask;
    this.lists = lists;
    this.changed = changed;
    this.sparks = new Sparks();
    /** @type {Map<string, number>} when each list is to be asked for */
    this.due = new Map();
    /** @type {Map<string, number>} */
    this.askedAt = new Map();
  }

  /**
   * @param {string} name
   * @param {import("./rankings.js").Changes | null} changes
   * @param {number} now
   */
  rows(name, changes, now) {
    if (changes === null) this.due.set(name, now);
    else if (changes.added.some((symbol) => !this.sparks.has(symbol))) {
      this.due.set(name, Math.max(now, (this.askedAt.get(name) ?? -Infinity) + TOGETHER_MS));
    }
    for (const { after } of changes?.updated ?? []) this.#price(after);
  }

  /** @param {import("./protocol.js").Row} row */
  #price({ symbol, price, updated }) {
    if (typeof price === "number" && typeof updated === "number") this.sparks.add(symbol, price, updated);
  }

  /**
   * Ask for what is due; called at each beat of the page.
   * @param {number} now
   * @param {Iterable<string>} wanted the lists that are shown
   */
  beat(now, wanted) {
    if (document.hidden) return;
    for (const name of wanted) if ((this.due.get(name) ?? Infinity) <= now) void this.#load(name, now);
  }

  /**
   * @param {string} name
   * @param {number} now
   */
  async #load(name, now) {
    this.due.delete(name);
    this.askedAt.set(name, now);
    const { content } = await this.ask("GET", PATH + encodeURIComponent(name));
    if (content === null) return;
    this.sparks.take(content);
    const listed = new Set([...this.lists().values()].flatMap((list) => list.rows.map((row) => row.symbol)));
    this.sparks.keepOnly((symbol) => listed.has(symbol));
    this.changed();
  }
}
