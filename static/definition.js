/**
 * A list's definition between the builder's form and the server: what to show of one, what to send, where in a text
 * an error is, and which field names fit what is being typed. Pure; the parts of the builder call it.
 */

import { MARKS, USUAL_COLUMNS } from "./columns.js";

/**
 * What the form holds: texts as typed.
 * @typedef {{name: string, title: string, where: string, keep: string, order: string, size: string, columns: string[],
 *   sessions: string[], global_filters: boolean, enabled: boolean}} Values
 *
 * A list as `GET /api/v1/scans` tells of it; where it is not made, what is not said is null.
 * @typedef {{name: string, origin: string, made: boolean, reason: string, title: string | null, where: string | null,
 *   keep: string | null, order: string | null, size: number | null, columns: string[] | null,
 *   sessions: string[] | null, global_filters: boolean | null, enabled: boolean, count: number | null}} Entry
 * @typedef {{[part: string]: unknown}} Definition
 * @typedef {{from: number, to: number}} Place
 */

export const BUILT_IN = "built_in";
export const OWN = "user";

const LONGEST_NAME = 32;
const MOST_SUGGESTIONS = 8;
const RVOLS = ["rvol", "rvol_guarded", "rvol_slot"];

/** @returns {Values} */
export function nothingYet() {
  return {
    name: "", title: "", where: "", keep: "", order: "", size: "50", columns: [], sessions: [], global_filters: true,
    enabled: true,
  };
}

/**
 * @param {Entry} entry
 * @returns {Values}
 */
export function valuesOf(entry) {
  return {
    name: entry.name,
    title: entry.title ?? "",
    where: entry.where ?? "",
    keep: entry.keep ?? "",
    order: entry.order ?? "",
    size: entry.size === null ? "" : String(entry.size),
    columns: chosen(entry.columns ?? []),
    sessions: entry.sessions ?? [],
    global_filters: entry.global_filters !== false,
    enabled: entry.enabled,
  };
}

/**
 * @param {readonly string[]} columns
 * @returns {string[]} those somebody chose: the usual ones are nobody's choice
 */
function chosen(columns) {
  return columns.join() === USUAL_COLUMNS.join() ? [] : columns.filter((name) => !MARKS.has(name));
}

/**
 * What is left open is as built in, or as usual.
 * @param {Values} values
 * @returns {Definition}
 */
export function definitionOf(values) {
  const { title, where, order, size, columns } = values;
  return {
    ...(title.trim() && { title: title.trim() }),
    ...(where.trim() && { where: where.trim() }),
    ...(order.trim() && { order: order.trim() }),
    ...(size.trim() && { size: Number(size) }),
    ...(columns.length > 0 && { columns: withMarks(columns) }),
    keep: values.keep.trim(),
    sessions: values.sessions,
    global_filters: values.global_filters,
    enabled: values.enabled,
  };
}

/**
 * A row cannot say that it is halted, or its volume approximate, unless it carries that.
 * @param {string[]} columns
 */
function withMarks(columns) {
  const method = columns.some((name) => RVOLS.includes(name)) ? ["rvol_method"] : [];
  return [...columns, ...method, "halted"];
}

/**
 * Of a built-in list only what was changed is the user's: the rest stays as built in, in later versions too.
 * @param {Entry} entry
 * @param {Definition} definition
 * @returns {Definition | null} what to send to change a list, null if nothing was changed
 */
export function changesOf(entry, definition) {
  const before = definitionOf(valuesOf(entry));
  const differing = Object.keys(definition).filter((part) => !same(definition[part], before[part]));
  const builtIn = entry.origin === BUILT_IN;
  const dropped = !builtIn && Object.keys(before).some((part) => !(part in definition));
  if (differing.length === 0 && !dropped) return null;
  return builtIn ? Object.fromEntries(differing.map((part) => [part, definition[part]])) : definition;
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * @param {string} title
 * @returns {string} a name that the server takes, as far as the title gives one
 */
export function nameOf(title) {
  const plain = title.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "");
  const joined = plain.replace(/[^a-z0-9]+/g, "_").replace(/^[_0-9]+/, "");
  return joined.slice(0, LONGEST_NAME).replace(/_+$/, "");
}

/**
 * The server counts characters from 1, in the text without what is blank around it; a browser counts in units of 16 bits.
 * @param {string} text as typed
 * @param {number} column
 * @returns {Place} the word or sign that begins there; empty at the end of the text
 */
export function placeOf(text, column) {
  const blank = text.length - text.trimStart().length;
  const before = [...text.slice(blank)].slice(0, column - 1).join("").length;
  const from = Math.min(text.length, blank + before);
  const [word] = /^(\w+(\.\d+)?|'[^']*'?|"[^"]*"?|[<>=!]=|\S|)/.exec(text.slice(from)) ?? [""];
  return { from, to: from + word.length };
}

/**
 * @param {string} message
 * @returns {string} the name that the server suggests in place of an unknown one, or nothing
 */
export function suggestionIn(message) {
  return /did you mean '(\w+)'/.exec(message)?.[1] ?? "";
}

/**
 * @param {string} text
 * @param {number} caret
 * @returns {Place} the name that is being typed; empty where none is
 */
export function wordAt(text, caret) {
  const [word] = /(?<![\w.])[a-z_]\w*$/i.exec(text.slice(0, caret)) ?? [""];
  const quoted = (text.slice(0, caret - word.length).match(/'/g)?.length ?? 0) % 2 === 1;
  const goesOn = /^\w/.test(text.slice(caret));
  return { from: quoted || goesOn ? caret : caret - word.length, to: caret };
}

/**
 * @param {Iterable<import("./columns.js").Field>} fields
 * @param {string} word
 * @returns {import("./columns.js").Field[]} fields whose name begins with the word, then those that have it elsewhere
 */
export function matching(fields, word) {
  const wanted = word.toLowerCase();
  if (wanted === "") return [];
  const all = [...fields];
  const first = all.filter(({ name }) => name.startsWith(wanted));
  const then = all.filter(({ name, title }) => {
    return !name.startsWith(wanted) && (name.includes(`_${wanted}`) || title.toLowerCase().startsWith(wanted));
  });
  const found = [...first, ...then];
  return found.length === 1 && found[0]?.name === wanted ? [] : found.slice(0, MOST_SUGGESTIONS);
}

/** @type {{[origin: string]: string}} */
const ORIGINS = { built_in: "built in", config: "from the settings", user: "yours" };

/**
 * @param {Entry} entry
 * @returns {string} where it is from
 */
export function originOf(entry) {
  return ORIGINS[entry.origin] ?? entry.origin;
}

/**
 * @param {Entry} entry
 * @returns {string} how many rows it has, or why there is no such list
 */
export function standingOf(entry) {
  if (!entry.made) return entry.reason;
  return entry.count === 1 ? "1 row" : `${entry.count ?? 0} rows`;
}
