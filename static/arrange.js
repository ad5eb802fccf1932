/**
 * Where the panels of a layout stand: each in the first gap it fits, top first, then grown into what is left free beside
 * and below it, so that no corner of the window is wasted. Pure; `panels.js` asks whenever the layout or the width changes.
 */

/**
 * In cells of the grid, from 0.
 * @typedef {{x: number, y: number, w: number, h: number}} Place
 */

/** @param {readonly {w: number, h: number}[]} sizes
 *  @param {number} columns
 *  @returns {{places: Place[], rows: number}} in the order of the sizes */
export function arranged(sizes, columns) {
  /** @type {boolean[][]} by row, then column */
  const taken = [];
  const places = sizes.map((size) => {
    const place = gapFor(taken, Math.min(size.w, columns), size.h, columns);
    fill(taken, place);
    return place;
  });
  const rows = taken.length;
  return { places: places.map((place) => grown(taken, place, columns, rows)), rows };
}

/**
 * @param {number} width in pixels
 * @param {number} narrowest of a usual panel, which is two columns wide
 */
export function columnsFor(width, narrowest) {
  return 2 * Math.max(1, Math.floor(width / narrowest));
}

/**
 * @param {boolean[][]} taken
 * @param {number} w
 * @param {number} h
 * @param {number} columns
 * @returns {Place}
 */
function gapFor(taken, w, h, columns) {
  for (let y = 0; ; y += 1) {
    for (let x = 0; x + w <= columns; x += 1) if (isFree(taken, { x, y, w, h })) return { x, y, w, h };
  }
}

/**
 * @param {boolean[][]} taken
 * @param {Place} place
 */
function isFree(taken, { x, y, w, h }) {
  for (let row = y; row < y + h; row += 1) {
    for (let column = x; column < x + w; column += 1) if (taken[row]?.[column]) return false;
  }
  return true;
}

/**
 * @param {boolean[][]} taken
 * @param {Place} place
 */
function fill(taken, { x, y, w, h }) {
  for (let row = y; row < y + h; row += 1) {
    const cells = (taken[row] ??= []);
    for (let column = x; column < x + w; column += 1) cells[column] = true;
  }
}

/**
 * @param {boolean[][]} taken
 * @param {Place} place
 * @param {number} columns
 * @param {number} rows
 * @returns {Place}
 */
function grown(taken, place, columns, rows) {
  const { x, y } = place;
  let { w, h } = place;
  while (x + w < columns && isFree(taken, { x: x + w, y, w: 1, h })) w += 1;
  while (y + h < rows && isFree(taken, { x, y: y + h, w, h: 1 })) h += 1;
  const larger = { x, y, w, h };
  fill(taken, larger);
  return larger;
}
