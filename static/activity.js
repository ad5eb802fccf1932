/**
 * Who entered and left which list: what the server remembers, carried on by the lists' own changes. As the server does,
 * it takes nobody for gone who is back within ten seconds, so that a reload tells the same story. Pure; the activity log
 * and the detail show it.
 */

/**
 * @typedef {{timestamp: number, list: string, symbol: string, event: "entered" | "left", rank: number | null,
 *   price: number | null, reason: string}} Entry
 * @typedef {import("./protocol.js").Row} Row
 */

export const RETURN_MS = 10_000;
export const REMEMBERED = 2_000;

export class Activity {
  constructor() {
    /** @type {Entry[]} the newest first */
    this.entries = [];
    /** @type {Map<string, readonly Row[]>} the rows of each list as they were last */
    this.rows = new Map();
    /** @type {Map<string, Entry>} who is out and may yet be back */
    this.leaving = new Map();
    /** How often something was added. */
    this.version = 0;
    /** @type {Map<string, number>} of when each list was that was seen last */
    this.times = new Map();
  }

  /**
   * @param {any[]} told the events of `GET /api/v1/history/events`, the newest first
   */
  load(told) {
    const known = told.filter(({ event }) => event === "entered" || event === "left");
    const newest = known[0]?.timestamp ?? -Infinity;
    const keys = new Set(known.map(keyOf));
    // Seen while the question was under way.
    const since = this.entries.filter((entry) => entry.timestamp >= newest && !keys.has(keyOf(entry)));
    this.entries = [...since, ...known].slice(0, REMEMBERED);
    this.version += 1;
  }

  /**
   * The market went back, as a replay does: of what comes after this moment nobody knows yet.
   * @param {number} at
   */
  rewind(at) {
    this.entries = this.entries.filter(({ timestamp }) => timestamp <= at);
    this.rows.clear();
    this.leaving.clear();
    this.times.clear();
    this.version += 1;
  }

  /**
   * What the server tells once a replay went on elsewhere. It knows what was played since, and nothing of before.
   * @param {number} at where it went on
   * @param {any[]} told as for `load`
   */
  leapt(at, told) {
    const known = told.filter(({ event }) => event === "entered" || event === "left");
    const [oldest, keys] = [known.at(-1)?.timestamp ?? at, new Set(known.map(keyOf))];
    const since = this.entries.filter((entry) => entry.timestamp > at && !keys.has(keyOf(entry)));
    const before = this.entries.filter(({ timestamp }) => timestamp < oldest);
    this.entries = [...since, ...known, ...before].slice(0, REMEMBERED);
    this.version += 1;
  }

  /**
   * A list as it stands now.
   * @param {{name: string, rows: readonly Row[], timestamp: number}} list
   * @param {boolean} followed whether these rows follow on those that were seen last
   */
  see({ name, rows, timestamp }, followed) {
    // Of two lists one may be older, as nothing changed in it since; one and the same only goes back where a replay does.
    if (timestamp < (this.times.get(name) ?? -Infinity)) this.rewind(timestamp);
    this.times.set(name, timestamp);
    const before = this.rows.get(name);
    this.rows.set(name, rows);
    if (before === undefined || !followed) return;
    const here = new Set(rows.map(({ symbol }) => symbol));
    const there = new Set(before.map(({ symbol }) => symbol));
    for (const row of before) {
      if (!here.has(row.symbol)) this.leaving.set(`${name} ${row.symbol}`, entryOf("left", name, row, timestamp));
    }
    for (const row of rows) if (!there.has(row.symbol)) this.#arrived(name, row, timestamp);
    this.settle(timestamp);
  }

  /** @param {string} list that is no more, or of which nothing is known for a while */
  forget(list) {
    this.rows.delete(list);
    for (const [key, entry] of this.leaving) if (entry.list === list) this.leaving.delete(key);
  }

  /**
   * Tell the exits of those who can no longer be back in time.
   * @param {number} now in market time
   * @returns {boolean} whether there were any
   */
  settle(now) {
    const { version } = this;
    for (const [key, entry] of this.leaving) {
      if (now - entry.timestamp <= RETURN_MS) break;
      this.leaving.delete(key);
      this.#add(entry);
    }
    return this.version !== version;
  }

  /**
   * @param {string} list
   * @param {Row} row
   * @param {number} timestamp
   */
  #arrived(list, row, timestamp) {
    const key = `${list} ${row.symbol}`;
    const exit = this.leaving.get(key);
    this.leaving.delete(key);
    if (exit !== undefined && timestamp - exit.timestamp <= RETURN_MS) return;
    if (exit !== undefined) this.#add(exit);
    this.#add(entryOf("entered", list, row, timestamp));
  }

  /** @param {Entry} entry */
  #add(entry) {
    // An exit is told later than it happened.
    const place = this.entries.findIndex(({ timestamp }) => timestamp <= entry.timestamp);
    this.entries.splice(place < 0 ? this.entries.length : place, 0, entry);
    this.entries.length = Math.min(this.entries.length, REMEMBERED);
    this.version += 1;
  }
}

/**
 * @param {"entered" | "left"} event
 * @param {string} list
 * @param {Row} row
 * @param {number} timestamp
 * @returns {Entry}
 */
function entryOf(event, list, row, timestamp) {
  const { symbol, rank, price } = row;
  return { timestamp, list, symbol, event, rank, price: typeof price === "number" ? price : null, reason: "" };
}

/** @param {Entry} entry */
function keyOf({ timestamp, list, symbol, event }) {
  return `${timestamp} ${list} ${event} ${symbol}`;
}

/**
 * @param {readonly Entry[]} entries
 * @param {{list: string, event: string, symbol: string}} wanted empty where it does not matter
 * @param {number} most
 * @returns {Entry[]}
 */
export function filtered(entries, wanted, most) {
  const symbol = wanted.symbol.trim().toUpperCase();
  const found = entries.filter((entry) => {
    return (wanted.list === "" || entry.list === wanted.list)
      && (wanted.event === "" || entry.event === wanted.event)
      && (symbol === "" || entry.symbol.toUpperCase().startsWith(symbol));
  });
  return found.slice(0, most);
}
