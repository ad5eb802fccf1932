/**
 * Where the time of a row's numbers went: from its newest event over the server's stages to this window. A frame says
 * once, for all of its rows, when what changed them went through the server; a row has its own event's time. So a way is
 * known of a row whose `updated` was seen to change, and of no other: one that came with a whole list may have stood for
 * long. Pure; `main.js` feeds it, the detail and the tips on rows read it.
 */

import { age } from "./format.js";
import { shown } from "./latency.js";

/**
 * @typedef {import("./protocol.js").Times} Times
 * @typedef {import("./rankings.js").Changes} Changes
 *
 * `updated` is the event's time, `here` when the frame came, in milliseconds that never step. Of a symbol the event
 * before is known too: a list and a watched symbol may be told of the next one some moments apart.
 * @typedef {{updated: number, times: Times, here: number, earlier?: Way | undefined}} Way
 * @typedef {{words: string, ms: number}} Stage
 *
 * How the clocks stand: the market's time, and by how much the server's is ahead of this window's (null: not known yet).
 * @typedef {{market: string, pace: number, now: number | null, offset: number | null}} Clocks
 *
 * `source` is how it came, empty where that is not known; `stages` are empty then, and `why` says it.
 * @typedef {{age: string, source: "" | "snapshot" | "live", stages: Stage[], why: string}} Told
 */

const MOST_KEPT = 3_000;

export class Ways {
  constructor() {
    /** @type {Map<string, Way>} the oldest first */
    this.bySymbol = new Map();
    /** When the newest snapshot of an earlier cycle was asked for, and of this one. */
    this.askedBefore = Infinity;
    this.asked = Infinity;
  }

  /** Another server, or another connection. */
  reset() {
    this.bySymbol.clear();
    this.askedBefore = Infinity;
    this.asked = Infinity;
  }

  /**
   * Rows of a list changed.
   * @param {{times: Times | null, rows: readonly import("./protocol.js").Row[]}} list as it stands now
   * @param {Changes} changes
   * @param {number} now
   */
  take({ times, rows }, { updated, added }, now) {
    if (times === null) return;
    if (times.asked !== undefined && times.asked !== this.asked) {
      this.askedBefore = this.asked;
      this.asked = times.asked;
    }
    for (const { before, after } of updated) {
      if (after.updated !== before.updated) this.note(after.symbol, after.updated, times, now);
    }
    if (added.length > 0) this.#entered(rows.filter(({ symbol }) => added.includes(symbol)), times, now);
  }

  /**
   * A row that entered may have stood elsewhere for long. One that nobody here knew, with an event that the snapshot
   * before cannot have held, came with this one.
   * @param {import("./protocol.js").Row[]} rows
   * @param {Times} times
   * @param {number} now
   */
  #entered(rows, times, now) {
    if (times.asked === undefined) return;
    for (const { symbol, updated } of rows) {
      const newer = typeof updated === "number" && updated > this.askedBefore;
      if (newer && !this.bySymbol.has(symbol)) this.note(symbol, updated, times, now);
    }
  }

  /**
   * Whoever tells of an event first is who it came by.
   * @param {string} symbol
   * @param {unknown} updated
   * @param {Times} times
   * @param {number} here
   */
  note(symbol, updated, times, here) {
    const before = this.bySymbol.get(symbol);
    if (typeof updated !== "number" || wayTo(before, updated) !== undefined) return;
    this.bySymbol.delete(symbol);
    this.bySymbol.set(symbol, { updated, times, here, earlier: before && { ...before, earlier: undefined } });
    for (const oldest of this.bySymbol.keys()) {
      if (this.bySymbol.size <= MOST_KEPT) break;
      this.bySymbol.delete(oldest);
    }
  }

  /**
   * @param {string} symbol
   * @param {unknown} updated the time of the event that is shown
   * @param {Clocks} clocks
   * @returns {Told | null} null where nothing is shown that has a time
   */
  told(symbol, updated, clocks) {
    if (typeof updated !== "number") return null;
    const old = ageWords(clocks.now === null ? null : clocks.now - updated);
    const way = wayTo(this.bySymbol.get(symbol), updated);
    const why = whyNot(clocks, way !== undefined);
    if (way === undefined || clocks.offset === null || why !== "") return { age: old, source: "", stages: [], why };
    const source = way.times.asked === undefined ? "live" : "snapshot";
    return { age: old, source, stages: stagesOf(way, clocks.offset), why };
  }
}

/**
 * @param {Way | undefined} way
 * @param {number} updated
 * @returns {Way | undefined}
 */
function wayTo(way, updated) {
  return way === undefined || way.updated === updated ? way : wayTo(way.earlier, updated);
}

/** @param {number | null} ms */
function ageWords(ms) {
  if (ms === null) return "";
  return ms < 1_000 ? "under 1 s old" : `${age(ms)} old`;
}

/**
 * @param {Clocks} clocks
 * @param {boolean} known
 */
function whyNot({ market, pace, offset }, known) {
  if (market === "replay") return "a replay: its way then is not kept";
  if (pace !== 1) return "its way is unknown: the market's clock runs at another pace";
  if (known && offset === null) return "its way is unknown until the server's time is";
  return known ? "" : "its way is unknown: it came before this window looked";
}

/**
 * How long each stage took since the one before. What seems to come before its own cause, by clocks that differ or an
 * event that happened while its snapshot was under way, took no time.
 * @param {Way} way
 * @param {number} offset
 * @returns {Stage[]}
 */
export function stagesOf({ updated, times, here }, offset) {
  /** @type {[words: string, at: number][]} */
  const moments = [
    ["ranked", times.ranked],
    ["published", times.published],
    ["here", here + offset],
  ];
  moments.unshift(...(times.asked === undefined
    ? [/** @type {[string, number]} */ (["arrived", times.came])]
    : [/** @type {[string, number]} */ (["asked for", times.asked]), /** @type {[string, number]} */ (["fetched", times.came])]));
  let reached = updated;
  return moments.map(([words, at]) => {
    const ms = Math.max(0, at - reached);
    reached = Math.max(reached, at);
    return { words, ms };
  });
}

/** @param {readonly Stage[]} stages */
export function totalOf(stages) {
  return stages.reduce((sum, { ms }) => sum + ms, 0);
}

/**
 * The server tells whole milliseconds.
 * @param {number} ms
 */
export function tookWords(ms) {
  if (ms < 1) return "<1 ms";
  return ms < 1_000 ? `${Math.round(ms)} ms` : shown(ms);
}

/**
 * @param {Told} told
 * @returns {string} in one line
 */
export function wayWords({ age: old, source, stages, why }) {
  if (source === "") return `${old}; ${why}`;
  const steps = stages.map(({ words, ms }) => `${words} ${tookWords(ms)}`).join(" → ");
  return `${old}; by ${source === "live" ? "the live feed" : "snapshot"}: event → ${steps}, in all ${tookWords(totalOf(stages))}`;
}
