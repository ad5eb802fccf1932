/**
 * How long it takes from the newest event that a list stands on to this screen: the middle and nearly the worst of the
 * last minute. The server's clock is told with each heartbeat, and what it was at least with each change; of those of a
 * minute the one that was least on its way says how far this machine's clock is off. On a market that runs at another pace nothing can be said. Pure.
 */

import { age } from "./format.js";

const WINDOW_MS = 60_000;
const MINUTE_MS = 60_000;
const MOST_KEPT = 2_000;

/** @typedef {{p50: number, p99: number, count: number}} Figures in milliseconds */
/** @typedef {{ms: number, here: number | null, at: number}} Noted since the event, and since it was published */

export class Latency {
  constructor() {
    /** @type {{offset: number, at: number}[]} */
    this.offsets = [];
    /** @type {Noted[]} */
    this.noted = [];
  }

  /** Another server, or another market. */
  reset() {
    this.offsets = [];
    this.noted = [];
  }

  /**
   * @param {number} server the server's time, as it was told
   * @param {number} now when that came, in milliseconds that never step
   */
  observe(server, now) {
    this.offsets = [...this.offsets.filter(({ at }) => now - at <= WINDOW_MS), { offset: server - now, at: now }];
  }

  /**
   * A frame says when it was published, and cannot have come before: it tells of the offset too where it was less on
   * its way than all that told the time.
   * @param {number | undefined} published
   * @param {number} now
   */
  hint(published, now) {
    const { offset } = this;
    if (offset !== null && published !== undefined && published - now > offset) this.observe(published, now);
  }

  /**
   * By how much the server's clock is ahead of this window's; null while that is not known. What takes longer on its
   * way makes the server's clock look slower: the fastest is nearest to the truth.
   * @returns {number | null}
   */
  get offset() {
    return this.offsets.length === 0 ? null : Math.max(...this.offsets.map((one) => one.offset));
  }

  /**
   * @param {number} event the newest event that a change of a list stands on
   * @param {number} now when that change came
   * @param {number} [published] when the server published it
   */
  note(event, now, published) {
    this.hint(published, now);
    const { offset } = this;
    if (offset === null) return;
    const since = (/** @type {number} */ at) => Math.max(0, now + offset - at);
    this.noted.push({ ms: since(event), here: published === undefined ? null : since(published), at: now });
    if (this.noted.length > MOST_KEPT) this.noted.shift();
  }

  /**
   * @param {number} now
   * @param {"ms" | "here"} since the event, or only its publication
   * @returns {Figures | null} of the last minute; null if nothing came in it
   */
  figures(now, since = "ms") {
    this.noted = this.noted.filter(({ at }) => now - at <= WINDOW_MS);
    const sorted = this.noted.flatMap((one) => one[since] ?? []).sort((one, other) => one - other);
    const at = (/** @type {number} */ share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    const [p50, p99] = [at(0.5), at(0.99)];
    return p50 === undefined || p99 === undefined ? null : { p50, p99, count: sorted.length };
  }
}

/** @type {readonly (readonly [stage: string, words: string])[]} */
const STAGES = Object.freeze([
  ["fetch", "from the newest event to the snapshot that holds it"],
  ["live", "from a live event to us"],
  ["scan", "from what came to lists"],
  ["publish", "from lists to their publication"],
]);

/**
 * @param {{[stage: string]: {p50: number, p99: number} | null}} server what the server measured
 * @param {Figures | null} screen
 * @param {number} pace of the market's clock
 * @param {Figures | null} here from publications to this window
 * @returns {[words: string, figures: string][]}
 */
export function latencyWords(server, screen, pace, here = null) {
  const stages = STAGES.map(([stage, words]) => /** @type {[string, string]} */ ([words, figuresOf(server[stage] ?? null)]));
  const own = (/** @type {Figures | null} */ found) => {
    return pace === 1 ? figuresOf(found) : "unknown: its clock runs at another pace";
  };
  return [
    ...stages,
    ["from their publication to this screen", own(here)],
    ["from the newest event to this screen, in all", own(screen)],
  ];
}

/** @param {{p50: number, p99: number} | null} figures */
function figuresOf(figures) {
  return figures === null ? "–" : `${shown(figures.p50)} (p99 ${shown(figures.p99)})`;
}

/** @param {number} ms */
export function shown(ms) {
  if (ms >= MINUTE_MS) return age(ms);
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
