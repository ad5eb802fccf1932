/**
 * How fast the page talks: an allowance that refills, kept below what the server allows, so that messages which bunch
 * up on their way are not too many at once when they arrive. Pure; `viewer.js` takes from it for each message.
 */

/**
 * @typedef {{messages_per_second: number, message_burst: number, lists: number}} Limits
 */

/** @type {Readonly<Limits>} what a server allows that does not say */
export const USUAL_LIMITS = Object.freeze({ messages_per_second: 20, message_burst: 64, lists: 128 });

/** With these shares a second of delay on the way still breaks no limit. */
const SHARE_OF_BURST = 0.75;
const SHARE_OF_RATE = 0.9;

export class Pace {
  /**
   * @param {Limits} limits
   * @param {number} now
   */
  constructor(limits, now) {
    this.most = Math.max(1, limits.message_burst * SHARE_OF_BURST);
    this.perMs = (limits.messages_per_second * SHARE_OF_RATE) / 1_000;
    this.left = this.most;
    this.refilledAt = now;
  }

  /**
   * @param {number} now
   * @returns {boolean} whether one more message may go; it is taken from the allowance then
   */
  allows(now) {
    this.left = Math.min(this.most, this.left + (now - this.refilledAt) * this.perMs);
    this.refilledAt = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}

/**
 * @param {unknown} told a hello's `limits`
 * @returns {Limits}
 */
export function limitsOf(told) {
  /** @type {Limits} */
  const limits = { ...USUAL_LIMITS };
  for (const name of /** @type {(keyof Limits)[]} */ (Object.keys(limits))) {
    const value = /** @type {{[name: string]: unknown} | null | undefined} */ (told)?.[name];
    if (typeof value === "number" && value > 0) limits[name] = value;
  }
  return limits;
}
