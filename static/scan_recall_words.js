/**
 * What scan recall says, in words and cells: which lists showed what belonged in them late or never, and why. Pure;
 * `scan_recall.js` paints it.
 */

import { newYorkTime } from "./format.js";

/**
 * @typedef {{list: string, title: string, size: number, met: number, shown: number, in_time: number, late: number,
 *   missed: number, below_cut: number, extra: number, filtered: number, recall_pct: number | null,
 *   late_p50_s: number | null, note: string}} RecallList
 * @typedef {{symbol: string, verdict: string, reason: string, due_at: number | null, shown_at: number | null,
 *   late_s: number | null, best_rank: number | null, images_due: number, images_shown: number}} RecallSymbol
 * @typedef {{kind: string, first: number | null, last: number | null, images: number, symbols: number | null,
 *   gaps: number, why: string}} RecallSource
 * @typedef {{day: string | null, sources: RecallSource[], silences: {first: number, last: number, why: string}[],
 *   lists: RecallList[], symbols: RecallSymbol[]}} Recall
 */

export const UNKNOWN = "–";
export const NOTHING = "No day was worked out yet: it comes every night, once the day is over.";
/** @type {Readonly<{[verdict: string]: string}>} */
export const VERDICTS = Object.freeze({
  missed: "missed",
  late: "late",
  extra: "extra",
  below_cut: "below the cut",
  filtered: "filtered",
  in_time: "in time",
});
const HOUR_S = 3_600;
const MINUTE_S = 60;

/**
 * @param {Recall} recall
 * @returns {string[]} what the day was made of, and when no list was made
 */
export function dayWords({ day, sources, silences }) {
  if (day === null) return [NOTHING];
  const made = sources.map((source) => (source.why === "" ? sourceWords(source) : `${source.kind}: ${source.why}`));
  return [
    `${day}, held against the full day: ${made.join("; ")}.`,
    ...silences.map(({ first, last, why }) => `No list was made from ${newYorkTime(first)} to ${newYorkTime(last)}: ${why}.`),
  ];
}

/** @param {number} value */
function count(value) {
  return value.toLocaleString("en-US");
}

/** @param {RecallSource} source */
function sourceWords({ kind, symbols, images }) {
  return `${symbols === null ? kind : `${count(symbols)} symbols by slots`}, ${count(images)} images`;
}

/**
 * @param {RecallList} list
 * @returns {string[]} recall, in time, late, missed, below the cut, extra, filtered
 */
export function listCells(list) {
  const recall = list.recall_pct === null ? UNKNOWN : `${list.recall_pct.toFixed(1)} %`;
  return [recall, ...[list.in_time, list.late, list.missed, list.below_cut, list.extra, list.filtered].map(count)];
}

/**
 * What went wrong first, then by the best rank.
 * @param {readonly RecallSymbol[]} symbols
 * @param {string} verdict all of them where it is empty
 */
export function chosen(symbols, verdict) {
  const order = Object.keys(VERDICTS);
  return symbols
    .filter((each) => verdict === "" || each.verdict === verdict)
    .sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict));
}

/**
 * @param {RecallSymbol} symbol
 * @returns {string[]} verdict, due, shown, late by, best rank, why
 */
export function symbolCells({ verdict, due_at, shown_at, late_s, best_rank, reason }) {
  return [
    VERDICTS[verdict] ?? verdict,
    due_at === null ? UNKNOWN : newYorkTime(due_at),
    shown_at === null ? UNKNOWN : newYorkTime(shown_at),
    late_s === null ? UNKNOWN : duration(late_s),
    best_rank === null ? UNKNOWN : count(best_rank),
    reason,
  ];
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / HOUR_S);
  const minutes = Math.floor((whole % HOUR_S) / MINUTE_S);
  const left = String(whole % MINUTE_S).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${left}` : `${minutes}:${left}`;
}
