/**
 * What is seen as CSV (RFC 4180) that a spreadsheet can open without running anything: a text that it would take for a
 * formula is shown as text by a quote before it, numbers stay numbers, the unknown is an empty cell. The server's own
 * CSV follows the same rules. Pure but for `save`, which hands a file to the reader.
 */

import { element } from "./dom.js";

/** @typedef {readonly (readonly unknown[])[]} Sheet the head, then the rows */

const FORMULA_BEGINNINGS = Object.freeze(["=", "+", "-", "@", "\t", "\r", "\n"]);

/** @param {unknown} value */
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA_BEGINNINGS.some((beginning) => value.startsWith(beginning)) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * @param {Sheet} sheet
 * @returns {string}
 */
export function csvOf(sheet) {
  return sheet.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/**
 * @param {string} name
 * @param {Sheet} sheet
 */
export function save(name, sheet) {
  // With a mark of what it is, as some spreadsheets take a file without one for an old encoding.
  const address = URL.createObjectURL(new Blob(["\uFEFF", csvOf(sheet)], { type: "text/csv;charset=utf-8" }));
  const link = element("a", { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
