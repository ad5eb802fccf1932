/**
 * In which order a panel shows a list's rows: pinned ones on top, then by the column the reader chose or by rank. While
 * the pointer is over the rows they are held: values go on, places do not, who left is shown as gone and who came waits.
 * Pure; `list_panel.js` asks before each painting.
 */

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./layout.js").Sort} Sort
 * @typedef {{rows: readonly Row[], pinned: number, gone: ReadonlySet<string>, waiting: number}} Order
 */

/** @type {ReadonlySet<string>} */
const NOBODY = new Set();

/**
 * @param {readonly Row[]} rows in order of rank
 * @param {Sort | undefined} sort
 * @returns {readonly Row[]} what is unknown stands last in either direction, what is equal stands by rank
 */
export function sorted(rows, sort) {
  if (sort === undefined) return rows;
  const { column } = sort;
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((one, other) => compared(one[column], other[column], sign) || one.rank - other.rank);
}

/**
 * @param {unknown} one
 * @param {unknown} other
 * @param {number} sign
 */
function compared(one, other, sign) {
  const [lacking, otherLacking] = [one ?? null, other ?? null].map((value) => value === null);
  if (lacking || otherLacking) return Number(lacking) - Number(otherLacking);
  if (typeof one === "string" && typeof other === "string") return sign * (one < other ? -1 : Number(one > other));
  return sign * (Number(one) - Number(other));
}

/**
 * @param {readonly Row[]} rows
 * @param {(symbol: string) => boolean} isPinned
 * @returns {Order}
 */
export function pinnedFirst(rows, isPinned) {
  const pinned = rows.filter((row) => isPinned(row.symbol));
  const ordered = pinned.length === 0 ? rows : [...pinned, ...rows.filter((row) => !isPinned(row.symbol))];
  return { rows: ordered, pinned: pinned.length, gone: NOBODY, waiting: 0 };
}

export class Holding {
  constructor() {
    /** @type {Order | null} as it stood when the pointer came */
    this.held = null;
  }

  /** @param {Order} order what is shown now */
  hold(order) {
    this.held = order;
  }

  release() {
    this.held = null;
  }

  /**
   * @param {Order} order as it would be
   * @returns {Order} as it is to be shown
   */
  shown(order) {
    const { held } = this;
    if (held === null) return order;
    const present = new Map(order.rows.map((row) => [row.symbol, row]));
    const rows = held.rows.map((row) => present.get(row.symbol) ?? row);
    const gone = new Set(rows.filter((row) => !present.has(row.symbol)).map((row) => row.symbol));
    const waiting = order.rows.length - (rows.length - gone.size);
    return { rows, pinned: held.pinned, gone, waiting };
  }
}
