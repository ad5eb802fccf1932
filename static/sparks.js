/**
 * The last minutes of each row's price, for the small line beside it: one answer of the server to begin with, then the
 * prices that come with the lists. A point stands for a step of market time and holds its last price. Bounded: so many
 * points for each symbol that is in a list. Pure; `spark_source.js` feeds it, `table.js` draws from it.
 */

/**
 * Points are in the order of time, null where nothing is known; `step` is the newest one's. A shape stands until they
 * change: rows are painted far more often.
 * @typedef {readonly (number | null)[]} Points
 * @typedef {{points: string, tone: string}} Shape
 * @typedef {{points: (number | null)[], step: number, shape: Shape | null}} SparkLine
 */

export const WIDTH_PX = 44;
export const HEIGHT_PX = 14;
const EDGE_PX = 1;
/** Fewer points than these say nothing, and would stand as a stroke. */
const LEAST_POINTS = 6;
/** A move smaller than this share of the price is not drawn as if it were a large one. */
const LEAST_RANGE = 0.004;
const NOTHING = Object.freeze({ points: "", tone: "" });

export class Sparks {
  /** @param {number} most points of a line */
  constructor(most = 60) {
    this.most = most;
    this.stepMs = 15_000;
    /** @type {Map<string, SparkLine>} by symbol */
    this.lines = new Map();
  }

  /** @param {{step_ms: number, as_of: number, rows: {[symbol: string]: (number | null)[]}}} answer */
  take({ step_ms, as_of, rows }) {
    if (step_ms !== this.stepMs) this.lines.clear();
    this.stepMs = step_ms;
    const step = Math.floor(as_of / step_ms);
    for (const [symbol, points] of Object.entries(rows)) {
      /** @type {SparkLine} */
      const line = { points: points.slice(-this.most), step, shape: null };
      const known = this.lines.get(symbol);
      this.lines.set(symbol, line);
      // Prices that came while the answer was on its way are newer than it.
      if (known !== undefined && known.step >= step) this.#put(line, known.step, known.points.at(-1) ?? null);
    }
  }

  /**
   * @param {string} symbol
   * @param {number} price
   * @param {number} at in milliseconds of the market's time
   */
  add(symbol, price, at) {
    const step = Math.floor(at / this.stepMs);
    const line = this.lines.get(symbol);
    if (line === undefined) this.lines.set(symbol, { points: [price], step, shape: null });
    else if (step >= line.step) this.#put(line, step, price);
  }

  /** @param {(symbol: string) => boolean} isWanted */
  keepOnly(isWanted) {
    for (const symbol of this.lines.keys()) if (!isWanted(symbol)) this.lines.delete(symbol);
  }

  /** @param {string} symbol */
  has(symbol) {
    return this.lines.has(symbol);
  }

  /**
   * @param {string} symbol
   * @returns {Shape}
   */
  shapeOf(symbol) {
    const line = this.lines.get(symbol);
    if (line === undefined) return NOTHING;
    return (line.shape ??= shapeOf(line.points, this.most));
  }

  /**
   * @param {SparkLine} line
   * @param {number} step not before the line's newest
   * @param {number | null} price
   */
  #put(line, step, price) {
    const last = line.points.at(-1) ?? null;
    // No trade moves no price: a quiet step holds what was before it.
    for (let missed = Math.min(step - line.step, this.most); missed > 0; missed -= 1) line.points.push(last);
    line.points[line.points.length - 1] = price;
    line.points.splice(0, line.points.length - this.most);
    line.step = step;
    line.shape = null;
  }
}

/**
 * In whole pixels, so that a move too small to be seen writes nothing into the page.
 * @param {Points} points
 * @param {number} most that the whole width stands for
 * @returns {Shape} for a polyline
 */
export function shapeOf(points, most) {
  const known = /** @type {number[]} */ (points.filter((price) => price !== null));
  const [first, last] = [known[0], known.at(-1)];
  if (known.length < LEAST_POINTS || first === undefined || last === undefined) return NOTHING;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const across = (WIDTH_PX - 2 * EDGE_PX) / (most - 1);
  const middle = (low + high) / 2;
  const up = (HEIGHT_PX - 2 * EDGE_PX) / Math.max(high - low, LEAST_RANGE * middle);
  const begin = most - points.length;
  const corners = points.flatMap((price, index) => {
    if (price === null) return [];
    const y = Math.round(HEIGHT_PX / 2 - (price - middle) * up);
    return [`${Math.round(EDGE_PX + (begin + index) * across)},${y}`];
  });
  const drawn = corners.filter((corner, index) => corner !== corners[index - 1]);
  return { points: drawn.join(" "), tone: last > first ? "up" : last < first ? "down" : "" };
}
