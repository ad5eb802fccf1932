/**
 * What a panel is to the page, whatever it shows. A kind is a function that fills an element it is given and answers
 * with what can be told to it; `main.js` registers the kinds by name, `panels.js` makes and ends the panels.
 */

/**
 * @typedef {import("./layout.js").PanelSpec} PanelSpec
 * @typedef {{[part in keyof PanelSpec]?: PanelSpec[part] | undefined}} Parts
 *
 * What every panel is given of the page.
 * @typedef {{painter: import("./dom.js").Painter,
 *   situation: {session: string, feed: string},
 *   listOf: (name: string) => import("./list_sync.js").ListSync | undefined,
 *   infoOf: (name: string) => import("./protocol.js").ListInfo | undefined,
 *   column: (name: string) => import("./columns.js").Column,
 *   pins: import("./table.js").Pinning,
 *   sparks: import("./table.js").Drawing,
 *   scale: () => number}} PageParts
 *
 * `group` is the colour a panel wears: `selection.js` says which symbol that is.
 * @typedef {{page: PageParts, spec: () => PanelSpec, group: () => string, change: (parts: Parts) => void,
 *   head: (words: {title?: string, count?: string, note?: string}) => void}} PanelContext
 *
 * All but `close` as a kind has need of it: `show` hears of a changed spec, `rows` of a list's changes, `resize` of the
 * room there is, `focus` is to take the keyboard, `key` answers whether it took a key, `sheet` is what is seen as rows of values.
 * @typedef {{close: () => void,
 *   show?: (spec: PanelSpec) => void,
 *   repaint?: () => void,
 *   rows?: (list: string, changes: import("./rankings.js").Changes | null, now: number) => void,
 *   expire?: (now: number) => void,
 *   resize?: (width: number, height: number) => void,
 *   focus?: () => void,
 *   key?: (event: KeyboardEvent) => boolean,
 *   sheet?: () => import("./spreadsheet.js").Sheet}} Shown
 * @typedef {(element: HTMLElement, context: PanelContext) => Shown} Kind
 * @typedef {{[kind: string]: {title: string, make: Kind}}} Registry
 */

/** @type {{[kind: string]: string}} how a kind is called where it is chosen */
export const KIND_TITLES = Object.freeze({ list: "List", log: "Activity", detail: "Detail" });

/**
 * @param {string} name
 * @returns {string} a title for a list of which only the name is known yet
 */
export function titleFromName(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
