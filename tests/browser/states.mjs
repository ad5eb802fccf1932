/**
 * Builders for the page's tests: seeded random ranked states, a plain difference between two of them, and the frames of
 * a scripted server.
 */

/** @param {number} seed */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {() => number} random
 * @param {any[]} before rows that may go on with the same values
 */
export function randomRows(random, before = []) {
  const known = new Map(before.map((row) => [row.symbol, row]));
  const symbols = Array.from({ length: 30 }, (_, index) => `S${index}`).filter(() => random() < 0.6);
  symbols.sort(() => random() - 0.5);
  return symbols.map((symbol, index) => {
    const old = known.get(symbol);
    if (old && random() < 0.5) return { ...old, rank: index + 1 };
    return {
      rank: index + 1,
      symbol,
      price: random() < 0.1 ? null : Math.round(random() * 1e6) / 1e4,
      rvol: random() < 0.2 ? null : Math.round(random() * 100) / 10,
    };
  });
}

/**
 * @param {any[]} before
 * @param {any[]} after
 */
export function differenceOf(before, after) {
  const old = new Map(before.map((row) => [row.symbol, row]));
  const fresh = new Set(after.map((row) => row.symbol));
  /** @type {object[]} */
  const deltas = before.filter((row) => !fresh.has(row.symbol)).map(({ symbol }) => ({ action: "remove", symbol }));
  for (const { rank, symbol, ...data } of after) {
    const was = old.get(symbol);
    if (!was) deltas.push({ action: "add", rank, symbol, data });
    else {
      const changed = Object.fromEntries(Object.entries(data).filter(([name, value]) => was[name] !== value));
      if (Object.keys(changed).length > 0) deltas.push({ action: "update", symbol, data: changed });
      if (was.rank !== rank) deltas.push({ action: "rerank", symbol, old_rank: was.rank, new_rank: rank });
    }
  }
  return deltas;
}

/**
 * @param {any[]} items
 * @param {() => number} random
 */
export function shuffled(items, random) {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}

export const ROWS = Object.freeze([
  Object.freeze({ rank: 1, symbol: "AAA", price: 10 }),
  Object.freeze({ rank: 2, symbol: "BBB", price: 20 }),
  Object.freeze({ rank: 3, symbol: "CCC", price: null }),
]);

/**
 * @param {any[]} deltas
 * @param {{epoch?: string, prev?: number, sequence?: number}} place
 * @returns {import("../../static/protocol.js").Delta}
 */
export function deltaOf(deltas, { epoch = "e1", prev = 1, sequence = prev + 1 } = {}) {
  const change_count = deltas.length;
  return { type: "delta", list: "winners", epoch, prev, sequence, timestamp: 1_000, change_count, deltas };
}

/** @param {readonly object[]} rows */
export function snapshotOf(rows = ROWS, { epoch = "e1", sequence = 1 } = {}) {
  return { type: "snapshot", list: "winners", epoch, sequence, timestamp: 1_000, rows: structuredClone([...rows]) };
}

export function helloOf(lists = ["winners"], { epoch = "e1", protocol = 1 } = {}) {
  return {
    type: "hello",
    protocol,
    epoch,
    server_time: 1_000,
    market: "simulated",
    session: "MARKET_OPEN",
    heartbeat_ms: 5_000,
    lists: lists.map((name) => ({ name, title: name, size: 50, columns: ["price"] })),
  };
}

/**
 * @param {{[list: string]: number}} sequences
 * @param {{[list: string]: number}} checksums
 */
export function heartbeatOf(sequences, checksums = {}, epoch = "e1") {
  return { type: "heartbeat", epoch, server_time: 2_000, sequences, checksums, feed_age_ms: 100 };
}

/** The price of BBB moves to `price`. */
export const priceOfB = (/** @type {number} */ price) => [{ action: "update", symbol: "BBB", data: { price } }];
