/**
 * What the page's address says: the layout by its name, the list in view, the symbol, and, where a layout or one panel
 * is handed on, the whole of it. Whoever opens the address sees the same. Pure; `navigation.js` reads and writes it.
 */

import { BadLayout, layoutName, plainLayout, plainPanel, readLayout, readPanel } from "./layout.js";

/**
 * @typedef {import("./layout.js").Layout} Layout
 * @typedef {{layout: string, list: string, symbol: string, shared: Layout | null, alone: Layout | null,
 *   problem: string}} Wish
 */

const LONGEST = 64;

/**
 * @param {string} search the part of an address behind its path
 * @returns {Wish} what is not said, or cannot be read, is empty
 */
export function wishOf(search) {
  const said = new URLSearchParams(search);
  const short = (/** @type {string} */ name) => (said.get(name) ?? "").slice(0, LONGEST);
  const wish = { layout: short("layout"), list: short("list"), symbol: short("symbol"), shared: null, alone: null };
  try {
    if (wish.layout !== "") layoutName(wish.layout);
    const panels = said.get("panels");
    const panel = said.get("panel");
    const shared = panels === null ? null : readLayout({ panels: JSON.parse(panels) });
    const alone = panel === null ? null : { panels: [readPanel(JSON.parse(panel), 0)] };
    return { ...wish, shared, alone, problem: "" };
  } catch (error) {
    if (!(error instanceof BadLayout || error instanceof SyntaxError)) throw error;
    const why = error instanceof BadLayout ? error.message : "it is cut short";
    return { ...wish, layout: "", problem: `the layout in the address cannot be read: ${why}` };
  }
}

/**
 * @param {{layout?: string, list?: string, symbol?: string}} view
 * @param {{shared?: Layout, alone?: Layout | null}} whole
 * @returns {string} for behind the path
 */
export function addressOf({ layout = "", list = "", symbol = "" }, { shared, alone } = {}) {
  const said = new URLSearchParams();
  const panel = alone?.panels[0];
  if (panel !== undefined) said.set("panel", JSON.stringify(plainPanel(panel)));
  if (layout !== "") said.set("layout", layout);
  if (list !== "") said.set("list", list);
  if (symbol !== "") said.set("symbol", symbol);
  if (shared !== undefined) said.set("panels", JSON.stringify(plainLayout(shared).panels));
  const text = said.toString();
  return text === "" ? "" : `?${text}`;
}
