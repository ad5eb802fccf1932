/**
 * Today's bars of one symbol: the minutes that were asked for once, carried on by the live values of the symbol, and
 * what is drawn beside them: the day's average price, the usual volume, which session a moment is in. Pure; `chart.js`
 * draws what comes out.
 */

/**
 * @typedef {{time: number, open: number, high: number, low: number, close: number, volume: number,
 *   turnover: number}} Bar
 * `time` in milliseconds since the Unix epoch is where a bar begins; `turnover` is shares times their average price.
 * @typedef {{pre_market_start: number, market_open: number, market_close: number, post_market_end: number,
 *   slot_ms: number, expected: (number | null)[]}} UsualDay as `GET /api/v1/rvol/{symbol}/usual` tells it
 * @typedef {{[field: string]: import("./protocol.js").Value}} Values
 */

export const MINUTE_MS = 60_000;

export class Bars {
  constructor() {
    /** @type {Bar[]} a minute each, in the order of time; minutes without a trade have none */
    this.minutes = [];
    /** @type {number | null} the day's volume when it was last told */
    this.volume = null;
    /** @type {Values} */
    this.before = {};
  }

  /** @param {any[]} told the bars of `GET /api/v1/ticker/{symbol}/bars?interval=1m` */
  load(told) {
    const live = this.minutes;
    this.minutes = told.map(({ time, open, high, low, close, volume, vwap }) => {
      return { time, open, high, low, close, volume, turnover: volume * (vwap ?? (high + low + close) / 3) };
    });
    // What was seen meanwhile is newer than the answer.
    const last = this.minutes.at(-1)?.time ?? -Infinity;
    this.minutes.push(...live.filter(({ time }) => time > last));
  }

  /**
   * @param {Values} values of the symbol as they are now
   * @returns {boolean} whether a bar is another one than before
   */
  take(values) {
    const { price, updated, volume_today: volume } = values;
    const { before } = this;
    this.before = values;
    const traded = typeof volume === "number" && this.volume !== null ? Math.max(0, volume - this.volume) : 0;
    if (typeof volume === "number") this.volume = volume;
    if (typeof price !== "number" || typeof updated !== "number") return false;
    if (price === before.price && traded === 0) return false;
    const bar = this.#barAt(updated - (updated % MINUTE_MS), price);
    if (bar === null) return false;
    bar.close = price;
    bar.high = Math.max(bar.high, price, extreme(values.high, before.high, 1) ?? price);
    bar.low = Math.min(bar.low, price, extreme(values.low, before.low, -1) ?? price);
    bar.volume += traded;
    bar.turnover += traded * price;
    return true;
  }

  /** @returns {number | null} the day's average price as it was told last */
  get average() {
    const { vwap } = this.before;
    return typeof vwap === "number" ? vwap : null;
  }

  /**
   * @param {number} time
   * @param {number} price
   * @returns {Bar | null} null for a minute that is over
   */
  #barAt(time, price) {
    const last = this.minutes.at(-1);
    if (last !== undefined && last.time >= time) return last.time === time ? last : null;
    const bar = { time, open: price, high: price, low: price, close: price, volume: 0, turnover: 0 };
    this.minutes.push(bar);
    return bar;
  }

  /**
   * @param {number} minutes how long each is to be
   * @returns {Bar[]}
   */
  every(minutes) {
    /** @type {Bar[]} */
    const bars = [];
    for (const minute of this.minutes) {
      const time = minute.time - (minute.time % (minutes * MINUTE_MS));
      const bar = bars.at(-1);
      if (bar?.time !== time) {
        bars.push({ ...minute, time });
        continue;
      }
      bar.high = Math.max(bar.high, minute.high);
      bar.low = Math.min(bar.low, minute.low);
      bar.close = minute.close;
      bar.volume += minute.volume;
      bar.turnover += minute.turnover;
    }
    return bars;
  }
}

/**
 * @param {import("./protocol.js").Value} now
 * @param {import("./protocol.js").Value} before
 * @param {number} sign 1 for a high, -1 for a low
 * @returns {number | null} a new extreme of the day, which was reached within this step even if no price shows it
 */
function extreme(now, before, sign) {
  const known = typeof now === "number" && typeof before === "number";
  return known && (now - before) * sign > 0 ? now : null;
}

/**
 * The day's average price as the feed reckons it: of all that was traded since 04:00.
 * @param {Bar[]} bars
 * @param {number | null} told what the feed says that it is now; null where it does not
 * @returns {{time: number, value: number}[]} by each bar
 */
export function averagePrices(bars, told) {
  let volume = 0;
  let turnover = 0;
  const points = bars.flatMap((bar) => {
    volume += bar.volume;
    turnover += bar.turnover;
    return volume > 0 ? [{ time: bar.time, value: turnover / volume }] : [];
  });
  const last = points.at(-1);
  if (last !== undefined && told !== null) last.value = told;
  return points;
}

/**
 * @param {UsualDay} day
 * @param {number} minutes how long a bar is
 * @returns {{time: number, value: number}[]} what volume is usual for each bar of the day; none where nobody knows
 */
export function usualVolumes(day, minutes) {
  const perSlot = day.slot_ms / (minutes * MINUTE_MS);
  return day.expected.flatMap((end, slot) => {
    const begin = slot === 0 ? 0 : day.expected[slot - 1];
    if (typeof end !== "number" || typeof begin !== "number") return [];
    const from = day.pre_market_start + slot * day.slot_ms;
    const value = Math.max(0, end - begin) / perSlot;
    return Array.from({ length: perSlot }, (_, part) => ({ time: from + part * minutes * MINUTE_MS, value }));
  });
}

/**
 * @param {UsualDay} day
 * @param {number} minutes how long a bar is
 * @returns {{time: number, extended: boolean}[]} every bar that the day has room for, and whether it lies outside of
 *   the regular session
 */
export function hoursOf(day, minutes) {
  const length = minutes * MINUTE_MS;
  const count = Math.max(0, Math.ceil((day.post_market_end - day.pre_market_start) / length));
  return Array.from({ length: count }, (_, number) => {
    const time = day.pre_market_start + number * length;
    return { time, extended: time < day.market_open || time >= day.market_close };
  });
}
