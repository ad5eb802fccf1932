/**
 * A list's rows as values: a snapshot or a delta goes in, new rows come out, and the old ones stay as they were.
 * A delta is applied as a set, so the order of its elements means nothing; what does not end in ranks 1..n is refused
 * whole. Pure; called by `list_sync.js`.
 */

import { DELTA_ACTIONS } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./protocol.js").Delta} Delta
 * @typedef {import("./protocol.js").DeltaItem} DeltaItem
 *
 * What a delta did, for the eye: `shifts` are places gained (+) or lost (-) that arrivals and departures do not
 * explain.
 * @typedef {{added: string[], removed: string[], updated: {before: Row, after: Row}[],
 *   shifts: {symbol: string, places: number}[]}} Changes
 */

/** The frame does not fit the rows it was meant for. */
export class Refused extends Error {}

/**
 * @param {readonly Row[]} rows
 * @returns {readonly Row[]} the same rows in order of rank
 */
export function ranked(rows) {
  if (!Array.isArray(rows)) throw new Refused("rows are missing");
  const sorted = [...rows].sort((one, other) => one.rank - other.rank);
  sorted.forEach((row, index) => {
    if (row.rank !== index + 1) throw new Refused(`rank ${row.rank} of ${row.symbol} stands at ${index + 1}`);
  });
  if (new Set(sorted.map((row) => row.symbol)).size !== sorted.length) throw new Refused("a symbol is there twice");
  return Object.freeze(sorted);
}

/**
 * @param {readonly Row[]} rows the rows at the delta's `prev`
 * @param {Delta} delta
 * @returns {{rows: readonly Row[], changes: Changes}} the rows at the delta's `sequence`
 */
export function applied(rows, delta) {
  if (delta.deltas?.length !== delta.change_count) throw new Refused("change_count is not the number of changes");
  const bySymbol = new Map(rows.map((row) => [row.symbol, row]));
  const items = grouped(delta.deltas);
  const departed = items.remove.map((item) => taken(bySymbol, item));
  const moved = items.rerank.map((item) => reranked(bySymbol, item));
  const updated = items.update.map((item) => updatedRow(bySymbol, item));
  const arrived = items.add.map((item) => addedRow(bySymbol, item));
  const changes = {
    added: arrived.map((row) => row.symbol),
    removed: departed.map((row) => row.symbol),
    updated,
    shifts: shiftsOf(moved, ranksOf(departed), ranksOf(arrived)),
  };
  return { rows: ranked([...bySymbol.values()]), changes };
}

/**
 * @param {DeltaItem[]} deltas
 * @returns {Record<keyof typeof DELTA_ACTIONS, DeltaItem[]>}
 */
function grouped(deltas) {
  /** @type {Record<keyof typeof DELTA_ACTIONS, DeltaItem[]>} */
  const groups = { add: [], remove: [], update: [], rerank: [] };
  for (const item of deltas) {
    if (!Object.hasOwn(DELTA_ACTIONS, item.action)) throw new Refused(`unknown action ${item.action}`);
    groups[/** @type {keyof typeof DELTA_ACTIONS} */ (item.action)].push(item);
  }
  return groups;
}

/**
 * @param {Map<string, Row>} bySymbol
 * @param {DeltaItem} item
 */
function held(bySymbol, item) {
  const row = bySymbol.get(item.symbol);
  if (row === undefined) throw new Refused(`${item.action} of ${item.symbol}, which is not in the list`);
  return row;
}

/**
 * @param {Map<string, Row>} bySymbol
 * @param {DeltaItem} item
 */
function taken(bySymbol, item) {
  const row = held(bySymbol, item);
  bySymbol.delete(item.symbol);
  return row;
}

/**
 * @param {Map<string, Row>} bySymbol
 * @param {DeltaItem} item
 */
function reranked(bySymbol, item) {
  const row = held(bySymbol, item);
  if (row.rank !== item.old_rank) throw new Refused(`${item.symbol} was not at ${item.old_rank}`);
  bySymbol.set(item.symbol, Object.freeze({ ...row, rank: Number(item.new_rank) }));
  return item;
}

/**
 * @param {Map<string, Row>} bySymbol
 * @param {DeltaItem} item
 */
function updatedRow(bySymbol, item) {
  const before = held(bySymbol, item);
  const after = Object.freeze({ ...before, ...item.data, rank: before.rank, symbol: before.symbol });
  bySymbol.set(item.symbol, after);
  return { before, after };
}

/**
 * @param {Map<string, Row>} bySymbol
 * @param {DeltaItem} item
 */
function addedRow(bySymbol, item) {
  if (bySymbol.has(item.symbol)) throw new Refused(`${item.symbol} is in the list already`);
  /** @type {Row} */
  const row = Object.freeze({ ...item.data, rank: Number(item.rank), symbol: item.symbol });
  bySymbol.set(item.symbol, row);
  return row;
}

/** @param {readonly Row[]} rows */
function ranksOf(rows) {
  return rows.map((row) => row.rank);
}

/**
 * One arrival at the top moves every other row by one place; that is no news about them and is left out.
 * @param {DeltaItem[]} moved
 * @param {number[]} departed
 * @param {number[]} arrived
 */
function shiftsOf(moved, departed, arrived) {
  const shifts = moved.map(({ symbol, old_rank, new_rank }) => {
    const before = Number(old_rank) - departed.filter((rank) => rank < Number(old_rank)).length;
    const after = Number(new_rank) - arrived.filter((rank) => rank < Number(new_rank)).length;
    return { symbol, places: before - after };
  });
  return shifts.filter(({ places }) => places !== 0);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ Number(CRC_TABLE[(crc ^ byte) & 0xff]);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * @param {readonly Row[]} rows in order of rank
 * @returns {number} the checksum that a heartbeat carries for the same state
 */
export function checksum(rows) {
  const lines = rows.map(({ rank, symbol, price }) => {
    return `${rank}:${symbol}:${typeof price === "number" ? Math.round(price * 10_000) : ""}`;
  });
  return crc32(new TextEncoder().encode(lines.join("\n")));
}
