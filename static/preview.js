/**
 * What a list would hold now: how many rows qualify, how long it took to find out, and the first of them. What was
 * shown before stays, faded, while something is typed that cannot be read. `builder.js` owns it.
 */

import { columnOf, fitting, preferred, USUAL_COLUMNS } from "./columns.js";
import { element, write } from "./dom.js";
import { newYorkTime } from "./format.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./columns.js").Field} Field
 * @typedef {{count: number, timestamp: number, ms: number, rows: Row[]}} Found
 */

export const PREVIEW_ROWS = 10;
const RANK_PX = 24;
const SYMBOL_PX = 62;
/** Room between the columns, which are all equally wide here. */
const SHARE_FOR_COLUMNS = 0.8;

/**
 * @param {Found} found
 * @param {number} size of the list, NaN where nobody said
 */
export function foundWords(found, size) {
  const rows = found.count === 1 ? "1 row qualifies" : `${found.count} rows qualify`;
  const cut = found.count > size ? `, the list holds the first ${size}` : "";
  const took = found.ms < 1 ? found.ms.toFixed(2) : found.ms.toFixed(1);
  return `${rows}${cut} · ${took} ms · as of ${newYorkTime(found.timestamp)}`;
}

export class Preview {
  /**
   * @param {HTMLElement} section
   * @param {() => Map<string, Field>} catalogue
   */
  constructor(section, catalogue) {
    this.section = section;
    this.catalogue = catalogue;
    this.words = element("p", { role: "status" });
    this.head = element("tr");
    this.body = element("tbody");
    this.table = element("table", {}, element("caption", {}, "Preview"), element("thead", {}, this.head), this.body);
    section.append(this.words, this.table);
  }

  /** @param {string} words why there is nothing to show */
  empty(words) {
    write(this.words, words);
    this.head.replaceChildren();
    this.body.replaceChildren();
    this.old(false);
  }

  /** @param {boolean} old whether what is shown is of an earlier text */
  old(old) {
    this.section.toggleAttribute("data-faded", old);
  }

  /**
   * @param {Found} found
   * @param {string} list
   * @param {string[]} chosen columns, none for the usual ones
   * @param {number} size
   */
  show(found, list, chosen, size) {
    write(this.words, foundWords(found, size));
    const names = preferred(list, chosen.length > 0 ? chosen : USUAL_COLUMNS);
    const all = names.map((name) => columnOf(name, this.catalogue()));
    const columns = fitting(all, (this.section.clientWidth - RANK_PX - SYMBOL_PX) * SHARE_FOR_COLUMNS);
    this.head.replaceChildren(headOf("#", true), headOf("Symbol", false), ...columns.map((column) => {
      return headOf(column.title, column.numeric);
    }));
    this.body.replaceChildren(...found.rows.map((row) => rowOf(row, columns)));
    this.old(false);
  }
}

/**
 * @param {string} title
 * @param {boolean} numeric
 */
function headOf(title, numeric) {
  return element("th", { scope: "col", class: numeric ? "" : "words" }, title);
}

/**
 * @param {Row} row
 * @param {import("./columns.js").Column[]} columns
 */
function rowOf(row, columns) {
  const cells = columns.map((column) => {
    const cell = element("td", { class: column.tone(row), "data-field": column.name }, column.text(row));
    cell.toggleAttribute("data-words", !column.numeric);
    return cell;
  });
  return element(
    "tr",
    { "data-preview": row.symbol, class: row.halted === true ? "halted" : "" },
    element("td", { class: "rank" }, String(row.rank)),
    element("th", { scope: "row", "data-field": "symbol" }, row.symbol),
    ...cells,
  );
}
