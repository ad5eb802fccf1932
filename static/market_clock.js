/**
 * The market's clock between two messages that tell it. The market may run at another pace than the wall (a replay, a
 * paced simulation), so the pace is taken from what was observed; without news the clock stops rather than invent time.
 * Pure; the header reads it.
 */

const WINDOW_MS = 60_000;
/** Below this the delivery times of two messages say too little about the pace. */
const SHORTEST_BASE_MS = 2_000;
const PACE_TOLERANCE = 0.03;

/**
 * How fast the market's clock runs, as far as that is known.
 * @param {import("./protocol.js").Replaying} replay
 */
export function paceOf(replay) {
  return replay.paused || replay.ended || replay.seeking ? 0 : (replay.speed ?? 1);
}

export class MarketClock {
  /** @param {number} trustMs how long a message is enough to go on from */
  constructor(trustMs) {
    this.trustMs = trustMs;
    this.pace = 1;
    /** @type {{market: number, wall: number}[]} */
    this.seen = [];
  }

  reset() {
    this.seen = [];
    this.pace = 1;
  }

  /**
   * @param {number} market what the server said, in milliseconds since the Unix epoch
   * @param {number} wall when it said so, in milliseconds that never step
   */
  observe(market, wall) {
    this.seen = [...this.seen.filter((one) => wall - one.wall <= WINDOW_MS), { market, wall }];
    const [first = { market, wall }] = this.seen;
    const base = wall - first.wall;
    if (base >= SHORTEST_BASE_MS) this.pace = roundedPace((market - first.market) / base);
  }

  /**
   * Go on from here at a pace that is known, as what was observed before says nothing any more.
   * @param {number} market
   * @param {number} wall
   * @param {number} pace
   */
  follow(market, wall, pace) {
    this.seen = [{ market, wall }];
    this.pace = pace;
  }

  /**
   * @param {number} wall
   * @returns {number | null} null until the server has told the time
   */
  now(wall) {
    const last = this.seen.at(-1);
    return last === undefined ? null : last.market + Math.min(wall - last.wall, this.trustMs) * this.pace;
  }
}

/**
 * Paces are set by people: a measured 0.998 is 1, and a measured 59.4 is 60.
 * @param {number} measured
 */
function roundedPace(measured) {
  const whole = Math.round(measured);
  return Math.abs(measured - whole) <= PACE_TOLERANCE * Math.max(1, whole) ? whole : Math.max(0, measured);
}
