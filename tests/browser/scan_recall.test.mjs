// What scan recall says in words and cells.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chosen, dayWords, duration, listCells, NOTHING, symbolCells } from "../../static/scan_recall_words.js";

const NOON_MS = Date.UTC(2026, 10, 18, 17, 0, 0);
const SLOTS = { kind: "slots", first: NOON_MS, last: NOON_MS, images: 191, symbols: 11_940, gaps: 0, why: "" };
const LIST = {
  list: "winners", title: "Winners", size: 50, met: 61, shown: 52, in_time: 48, late: 3, missed: 1, below_cut: 9,
  extra: 1, filtered: 1_204, recall_pct: 98.07, late_p50_s: 12, note: "",
};
const SYMBOL = {
  symbol: "A", verdict: "late", reason: "the program was down", due_at: NOON_MS, shown_at: NOON_MS + 65_000, late_s: 65,
  best_rank: 3, images_due: 10, images_shown: 9,
};

test("a day says what it was held against, and when nothing was made", () => {
  const damaged = { ...SLOTS, kind: "live.trec", symbols: null, why: "it is damaged" };
  const silences = [{ first: NOON_MS, last: NOON_MS + 60_000, why: "the program was down" }];
  const words = dayWords({ day: "2026-11-18", sources: [SLOTS, damaged], silences, lists: [], symbols: [] });

  assert.deepEqual(words, [
    "2026-11-18, held against the full day: 11,940 symbols by slots, 191 images; live.trec: it is damaged.",
    "No list was made from 12:00:00 to 12:01:00: the program was down.",
  ]);
  assert.deepEqual(dayWords({ day: null, sources: [], silences: [], lists: [], symbols: [] }), [NOTHING]);
});

test("a list is its figures, and a dash where nobody belonged in it", () => {
  assert.deepEqual(listCells(LIST), ["98.1 %", "48", "3", "1", "9", "1", "1,204"]);
  assert.equal(listCells({ ...LIST, recall_pct: null })[0], "–");
});

test("a symbol is its verdict, moments and reason", () => {
  assert.deepEqual(symbolCells(SYMBOL), ["late", "12:00:00", "12:01:05", "1:05", "3", "the program was down"]);
  const missed = { ...SYMBOL, verdict: "missed", due_at: null, shown_at: null, late_s: null, best_rank: null };
  assert.deepEqual(symbolCells(missed), ["missed", "–", "–", "–", "–", "the program was down"]);
});

test("what went wrong comes first, and one verdict can be looked at alone", () => {
  const symbols = ["in_time", "below_cut", "late", "missed", "late"].map((verdict, number) => ({ ...SYMBOL, verdict, symbol: `S${number}` }));

  assert.deepEqual(chosen(symbols, "").map((each) => each.symbol), ["S3", "S2", "S4", "S1", "S0"]);
  assert.deepEqual(chosen(symbols, "late").map((each) => each.symbol), ["S2", "S4"]);
});

test("a duration has hours only where there are any", () => {
  assert.equal(duration(59.6), "1:00");
  assert.equal(duration(3_725), "1:02:05");
});
