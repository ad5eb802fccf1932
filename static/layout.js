/**
 * A layout as a value: which panels stand on the page, in which order and size, and what each shows. Edits give a new
 * layout; what comes from a file, an address or storage is read by `readLayout`, which says what is wrong with it.
 * Pure; `panels.js` shows one, `layouts.js` keeps many.
 */

import { DEFAULT_GROUP, GROUPS } from "./selection.js";

/**
 * Sizes are in halves of a usual panel's width, and in steps of height. `columns` are those of this panel only.
 * @typedef {{column: string, descending: boolean}} Sort
 * @typedef {{id: number, kind: string, list?: string, columns?: string[], widths?: {[column: string]: number},
 *   sort?: Sort, density?: string, group: string, w: number, h: number}} PanelSpec
 * @typedef {{panels: readonly PanelSpec[]}} Layout
 */

export const LIST = "list";
export const KINDS = Object.freeze([LIST, "log", "detail"]);
export const DENSITIES = Object.freeze(["compact", "normal", "roomy"]);
export const USUAL_SIZE = Object.freeze({ w: 2, h: 3 });
export const LARGEST = Object.freeze({ w: 8, h: 12 });
export const MOST_PANELS = 40;
const MOST_COLUMNS = 32;
export const NARROWEST_COLUMN_PX = 30;
export const WIDEST_COLUMN_PX = 400;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const FORMAT = 1;

/** The text says what is wrong, for whoever made the file. */
export class BadLayout extends Error {}

/** @returns {Layout} what a newcomer sees */
export function firstLayout() {
  const lists = ["gappers_up", "gappers_down", "momentum_up", "anomalies", "new_highs", "high_volume"];
  const [first, second] = [lists.slice(0, 3), lists.slice(3)].map((names) => {
    return names.map((list) => ({ kind: LIST, list, ...USUAL_SIZE }));
  });
  return readLayout({ panels: [...first ?? [], { kind: "detail", w: 2, h: 4 }, ...second ?? [], { kind: "log", w: 2, h: 2 }] });
}

/**
 * @param {any} told
 * @returns {Layout}
 */
export function readLayout(told) {
  if (!Array.isArray(told?.panels)) throw new BadLayout("it has no list of panels");
  if (told.panels.length > MOST_PANELS) throw new BadLayout(`more than ${MOST_PANELS} panels`);
  return Object.freeze({ panels: Object.freeze(told.panels.map(readPanel)) });
}

/**
 * @param {any} told
 * @param {number} index
 * @returns {PanelSpec}
 */
export function readPanel(told, index) {
  const which = `panel ${index + 1}`;
  if (!KINDS.includes(told?.kind)) throw new BadLayout(`${which}: kind is one of ${KINDS.join(", ")}`);
  if (told.kind === LIST && !isName(told.list)) throw new BadLayout(`${which}: list is the name of a list`);
  return Object.freeze({
    id: index + 1,
    kind: told.kind,
    group: oneOf(told.group ?? DEFAULT_GROUP, GROUPS, `${which}: group`),
    w: size(told.w ?? USUAL_SIZE.w, LARGEST.w, `${which}: w`),
    h: size(told.h ?? USUAL_SIZE.h, LARGEST.h, `${which}: h`),
    ...(told.kind === LIST && listParts(told, which)),
  });
}

/**
 * @param {any} told
 * @param {string} which
 */
function listParts(told, which) {
  const { list, columns, widths, sort, density } = told;
  return {
    list,
    ...(columns !== undefined && { columns: columnNames(columns, which) }),
    ...(widths !== undefined && { widths: columnWidths(widths, which) }),
    ...(sort !== undefined && { sort: sortOf(sort, which) }),
    ...(density !== undefined && { density: oneOf(density, DENSITIES, `${which}: density`) }),
  };
}

/** @param {unknown} value */
function isName(value) {
  return typeof value === "string" && NAME.test(value);
}

/**
 * @param {any} value
 * @param {readonly string[]} words
 * @param {string} what
 * @returns {string}
 */
function oneOf(value, words, what) {
  if (!words.includes(value)) throw new BadLayout(`${what} is one of ${words.join(", ")}`);
  return value;
}

/**
 * @param {any} value
 * @param {number} largest
 * @param {string} what
 * @returns {number}
 */
function size(value, largest, what) {
  if (!Number.isInteger(value) || value < 1 || value > largest) {
    throw new BadLayout(`${what} is a whole number from 1 to ${largest}`);
  }
  return value;
}

/**
 * @param {any} value
 * @param {string} which
 * @returns {string[]}
 */
function columnNames(value, which) {
  const good = Array.isArray(value) && value.length <= MOST_COLUMNS && value.every(isName);
  if (!good) throw new BadLayout(`${which}: columns are at most ${MOST_COLUMNS} names of fields`);
  return [...new Set(value)];
}

/**
 * @param {any} value
 * @param {string} which
 * @returns {{[column: string]: number}}
 */
function columnWidths(value, which) {
  const pairs = typeof value === "object" && value !== null ? Object.entries(value) : [["", 0]];
  const good = pairs.every(([name, px]) => {
    return isName(name) && Number.isInteger(px) && px >= NARROWEST_COLUMN_PX && px <= WIDEST_COLUMN_PX;
  });
  if (good && pairs.length <= 2 * MOST_COLUMNS) return Object.fromEntries(pairs);
  throw new BadLayout(`${which}: widths are whole pixels from ${NARROWEST_COLUMN_PX} to ${WIDEST_COLUMN_PX}, by field`);
}

/**
 * @param {any} value
 * @param {string} which
 * @returns {Sort}
 */
function sortOf(value, which) {
  if (!isName(value?.column)) throw new BadLayout(`${which}: sort has the column it is by`);
  return { column: value.column, descending: value.descending === true };
}

/**
 * @param {Layout} layout
 * @param {Omit<PanelSpec, "id" | "group" | "w" | "h"> & Partial<PanelSpec>} panel
 * @returns {Layout}
 */
export function withPanel(layout, panel) {
  if (layout.panels.length >= MOST_PANELS) throw new BadLayout(`there are ${MOST_PANELS} panels: take one away first`);
  const id = Math.max(0, ...layout.panels.map((each) => each.id)) + 1;
  return { panels: [...layout.panels, { ...readPanel(panel, layout.panels.length), id }] };
}

/**
 * @param {Layout} layout
 * @param {number} id
 * @returns {Layout}
 */
export function withoutPanel(layout, id) {
  return { panels: layout.panels.filter((panel) => panel.id !== id) };
}

/**
 * @param {Layout} layout
 * @param {number} id
 * @param {{[part in keyof PanelSpec]?: PanelSpec[part] | undefined}} parts what is undefined is as usual again
 * @returns {Layout}
 */
export function withChange(layout, id, parts) {
  return {
    panels: layout.panels.map((panel) => {
      if (panel.id !== id) return panel;
      const merged = Object.entries({ ...panel, ...parts }).filter(([, value]) => value !== undefined);
      return /** @type {PanelSpec} */ (/** @type {unknown} */ (Object.freeze(Object.fromEntries(merged))));
    }),
  };
}

/**
 * @param {Layout} layout
 * @param {number} id
 * @param {number} place from 0
 * @returns {Layout}
 */
export function withMove(layout, id, place) {
  const panel = layout.panels.find((each) => each.id === id);
  if (panel === undefined) return layout;
  const others = layout.panels.filter((each) => each !== panel);
  const at = Math.min(Math.max(0, place), others.length);
  return { panels: [...others.slice(0, at), panel, ...others.slice(at)] };
}

/**
 * @param {PanelSpec} panel
 * @param {number} wider
 * @param {number} higher
 */
export function resized({ w, h }, wider, higher) {
  return { w: Math.min(LARGEST.w, Math.max(1, w + wider)), h: Math.min(LARGEST.h, Math.max(1, h + higher)) };
}

/**
 * @param {PanelSpec} panel
 * @returns {object} without what only the page needs
 */
export function plainPanel({ id: _id, ...panel }) {
  return panel;
}

/** @param {Layout} layout */
export function plainLayout(layout) {
  return { panels: layout.panels.map(plainPanel) };
}

/**
 * @param {string} name
 * @param {Layout} layout
 * @returns {string} a file's text
 */
export function layoutFile(name, layout) {
  return `${JSON.stringify({ tradeul_layout: FORMAT, name, ...plainLayout(layout) }, null, 1)}\n`;
}

/**
 * @param {string} text
 * @returns {{name: string, layout: Layout}}
 */
export function readLayoutFile(text) {
  const told = parsed(text);
  if (told?.tradeul_layout !== FORMAT) throw new BadLayout("it is no layout of this program (tradeul_layout is not 1)");
  return { name: layoutName(told.name), layout: readLayout(told) };
}

const LONGEST_NAME = 40;

/**
 * @param {unknown} told
 * @returns {string}
 */
export function layoutName(told) {
  const name = typeof told === "string" ? told.replace(/\s+/g, " ").trim() : "";
  if (name === "" || name.length > LONGEST_NAME) throw new BadLayout(`a name has 1 to ${LONGEST_NAME} characters`);
  return name;
}

/**
 * @param {string} text
 * @returns {any}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadLayout("it is not JSON");
  }
}
