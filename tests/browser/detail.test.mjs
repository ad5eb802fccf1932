/** What the detail says in words: verdicts of lists, bars, addresses elsewhere. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { legend } from "../../static/day_view.js";
import { addressOf } from "../../static/detail_head.js";
import { said, verdictOf } from "../../static/detail_lists.js";

/**
 * @param {object} [more]
 * @returns {import("../../static/detail_lists.js").Predicate}
 */
function predicate(more = {}) {
  return { kind: "comparison", name: null, text: "gap_percent >= 2", verdict: "fail", value: 1.9731, threshold: 2, parts: [], ...more };
}

/**
 * @param {object} more
 * @returns {import("../../static/detail_lists.js").Why}
 */
function why(more) {
  return { list: "l", as_of: 0, member: false, rank: null, predicates: [], first_failure: null, neighbours: { last: null }, ...more };
}

test("a member's verdict is its rank", () => {
  assert.equal(verdictOf(why({ member: true, rank: 4 })), "in, rank 4");
});

test("what keeps a symbol out is told by the part that decides, with its value", () => {
  const whole = predicate({ kind: "and", name: "where", text: "all of it", parts: [predicate({ verdict: "pass" }), predicate()] });
  assert.equal(verdictOf(why({ first_failure: whole })), "out: gap_percent >= 2 (1.97)");
  const filter = predicate({ kind: "filter", name: "price_range", text: "f", parts: [predicate({ verdict: "unknown", value: null })] });
  assert.equal(verdictOf(why({ first_failure: filter })), "out: price range: gap_percent >= 2 (unknown)");
});

test("where several parts fail no single one is blamed", () => {
  const either = predicate({ kind: "or", text: "a or b", value: null, parts: [predicate(), predicate()] });
  assert.equal(verdictOf(why({ first_failure: either })), "out: a or b");
});

test("who is outranked is told by whom", () => {
  assert.equal(verdictOf(why({ neighbours: { last: { symbol: "ZZ" } } })), "out: outranked, the last place is ZZ's");
});

test("values are told as short as they are", () => {
  assert.deepEqual([said(2), said(1.5), said(0.1234), said(1_250_000), said(null), said(true)], ["2", "1.5", "0.1234", "1.25M", "unknown", "true"]);
  assert.equal(said(1_795_789_800, "seconds_since_high <= 300"), "not yet today");
});

test("a symbol cannot lead an address elsewhere", () => {
  assert.equal(addressOf("https://x.example/q?s={symbol}&t={symbol}", "A/../&B"), "https://x.example/q?s=A%2F..%2F%26B&t=A%2F..%2F%26B");
});

test("a bar says its prices, its volume and the usual", () => {
  const bar = { time: 1_795_789_800_000, open: 1, high: 2, low: 0.5, close: 1.5, volume: 1_500, turnover: 0 };
  assert.equal(legend(bar, 300), "09:30  O 1.00  H 2.00  L 0.5000  C 1.50  Vol 1.50K (usual 300)");
  assert.equal(legend(bar, null), "09:30  O 1.00  H 2.00  L 0.5000  C 1.50  Vol 1.50K");
});
