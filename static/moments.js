/**
 * Moments of a day that is kept: to the second, within what is kept of it, on New York's wall. Pure; the time machine
 * calls it.
 */

import { newYorkTime } from "./format.js";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const OPEN_S = (9 * 60 + 30) * 60;
/** So far before and after a moment who came and went is looked for. */
export const AROUND_MS = 5 * MINUTE_MS;

/**
 * A day on which a list is kept; moments in milliseconds.
 * @typedef {{date: string, first: number, last: number, market_open: number, market_close: number,
 *   resolution_s: number}} Day
 */

/**
 * @param {Day} day
 * @param {number} moment
 * @returns {number} the whole second of it that is kept, the nearest if it is not
 */
export function within(day, moment) {
  const first = Math.ceil(day.first / SECOND_MS) * SECOND_MS;
  const last = Math.max(first, Math.floor(day.last / SECOND_MS) * SECOND_MS);
  return Math.min(Math.max(Math.round(moment / SECOND_MS) * SECOND_MS, first), last);
}

/**
 * @param {Day} day
 * @param {string} text such as 9:31 or 15:59:30, on New York's wall
 * @returns {number | null} the moment, null where it is none
 */
export function momentOf(day, text) {
  const found = /^\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$/.exec(text);
  if (found === null) return null;
  const [hours, minutes, seconds] = [found[1], found[2], found[3] ?? "0"].map(Number);
  if (hours === undefined || minutes === undefined || seconds === undefined) return null;
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  // No clock is changed while the market is open, so the open tells where the day's wall stands.
  return day.market_open + ((hours * 60 + minutes) * 60 + seconds - OPEN_S) * SECOND_MS;
}

/**
 * @param {{timestamp: number, resolution_s: number, at: number, rows: readonly unknown[]}} told
 * @returns {string} how finely the list is known there, in words
 */
export function resolutionWords({ timestamp, resolution_s, at, rows }) {
  const kept = resolution_s < 60 ? `about every ${resolution_s} seconds` : `about every ${Math.round(resolution_s / 60)} min`;
  const old = Math.round((at - timestamp) / SECOND_MS);
  const age = old > 0 ? `, ${old} s before` : "";
  const count = rows.length === 0 ? "empty" : `${rows.length} rows`;
  return `${count}, as it stood at ${newYorkTime(timestamp)}${age}; kept ${kept}`;
}

/**
 * Asks one question at a time; of those that come meanwhile only the newest is asked.
 * @template Wish, Answer
 */
export class NewestOnly {
  /**
   * @param {(wish: Wish) => Promise<Answer>} ask
   * @param {(answer: Answer, wish: Wish) => void} take
   */
  constructor(ask, take) {
    this.ask = ask;
    this.take = take;
    this.asking = false;
    /** @type {Wish | null} */
    this.next = null;
  }

  /** @param {Wish} wish */
  async want(wish) {
    this.next = wish;
    if (this.asking) return;
    this.asking = true;
    while (this.next !== null) {
      const asked = this.next;
      this.next = null;
      const answer = await this.ask(asked);
      // Somebody who has moved on wants the answer to where he is.
      if (this.next === null) this.take(answer, asked);
    }
    this.asking = false;
  }
}
