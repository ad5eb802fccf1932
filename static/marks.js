/**
 * What the eye should notice about a list's rows for a moment: who is new, who gained or lost places, whose price
 * moved. Marks belong to symbols, not to places on the screen, and go with the symbol; there are never more than rows.
 * Pure; `table.js` owns one per list.
 */

export const NEW_MS = 10_000;
export const SHIFT_MS = 3_000;
export const FLASH_MS = 450;
const MOST_PLACES_SHOWN = 99;

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {{isNew: boolean, places: number, until: number}} Mark
 */

export class Marks {
  constructor() {
    /** @type {Map<string, Mark>} */
    this.marks = new Map();
    /** @type {Map<string, {tone: string, until: number}>} */
    this.flashes = new Map();
  }

  clear() {
    this.marks.clear();
    this.flashes.clear();
  }

  /**
   * @param {import("./rankings.js").Changes} changes
   * @param {number} now
   */
  take(changes, now) {
    for (const symbol of changes.removed) {
      this.marks.delete(symbol);
      this.flashes.delete(symbol);
    }
    for (const symbol of changes.added) this.marks.set(symbol, { isNew: true, places: 0, until: now + NEW_MS });
    for (const { symbol, places } of changes.shifts) this.#shift(symbol, places, now);
    for (const { before, after } of changes.updated) this.#flash(before, after, now);
  }

  /**
   * @param {string} symbol
   * @param {number} now
   * @returns {string} NEW, an arrow with the number of places, or nothing
   */
  textOf(symbol, now) {
    const mark = this.marks.get(symbol);
    if (mark === undefined || mark.until <= now) return "";
    if (mark.isNew) return "NEW";
    return `${mark.places > 0 ? "▲" : "▼"}${Math.min(Math.abs(mark.places), MOST_PLACES_SHOWN)}`;
  }

  /**
   * @param {string} symbol
   * @param {number} now
   */
  flashOf(symbol, now) {
    const flash = this.flashes.get(symbol);
    return flash === undefined || flash.until <= now ? "" : flash.tone;
  }

  /**
   * @param {number} now
   * @returns {boolean} whether a mark that may still be on the screen has run out; such marks are dropped
   */
  expire(now) {
    let expired = false;
    for (const held of [this.marks, this.flashes]) {
      for (const [symbol, { until }] of held) {
        if (until > now) continue;
        held.delete(symbol);
        expired = true;
      }
    }
    return expired;
  }

  /**
   * @param {string} symbol
   * @param {number} places
   * @param {number} now
   */
  #shift(symbol, places, now) {
    const mark = this.marks.get(symbol);
    const standing = mark !== undefined && mark.until > now;
    if (standing && mark.isNew) return;
    const sum = standing ? mark.places + places : places;
    if (sum === 0) this.marks.delete(symbol);
    else this.marks.set(symbol, { isNew: false, places: sum, until: now + SHIFT_MS });
  }

  /**
   * @param {Row} before
   * @param {Row} after
   * @param {number} now
   */
  #flash(before, after, now) {
    if (typeof before.price !== "number" || typeof after.price !== "number" || before.price === after.price) return;
    const tone = after.price > before.price ? "flash-up" : "flash-down";
    this.flashes.set(after.symbol, { tone, until: now + FLASH_MS });
  }
}
