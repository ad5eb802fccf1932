/** The activity: what the server remembers and what the lists say since, told the same way. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Activity, filtered, REMEMBERED, RETURN_MS } from "../../static/activity.js";

/**
 * @param {number} timestamp
 * @param {...string} symbols
 */
function listOf(timestamp, ...symbols) {
  return { name: "winners", timestamp, rows: symbols.map((symbol, index) => ({ rank: index + 1, symbol, price: 5 })) };
}

/** @param {Activity} activity */
function story(activity) {
  return activity.entries.map(({ timestamp, event, symbol, rank }) => `${timestamp} ${event} ${symbol} ${rank}`);
}

/**
 * @param {number} timestamp
 * @param {string} event
 * @param {string} symbol
 */
function eventOf(timestamp, event, symbol) {
  return { timestamp, list: "winners", symbol, event, rank: 1, price: 5, reason: event === "left" ? "outranked" : "" };
}

test("who comes is told at once, who goes once he can no longer be back", () => {
  const activity = new Activity();
  activity.see(listOf(0, "A", "B"), false);
  activity.see(listOf(1_000, "A", "C"), true);
  assert.deepEqual(story(activity), ["1000 entered C 2"]);

  assert.equal(activity.settle(1_000 + RETURN_MS), false);
  assert.equal(activity.settle(1_001 + RETURN_MS), true);
  assert.deepEqual(story(activity), ["1000 left B 2", "1000 entered C 2"]);
});

test("who is back within ten seconds was never away", () => {
  const activity = new Activity();
  activity.see(listOf(0, "A", "B"), false);
  activity.see(listOf(1_000, "A"), true);
  activity.see(listOf(1_000 + RETURN_MS, "A", "B"), true);
  activity.settle(100_000);
  assert.deepEqual(story(activity), []);
});

test("who is back later left and came again", () => {
  const activity = new Activity();
  activity.see(listOf(0, "A"), false);
  activity.see(listOf(1_000), true);
  activity.see(listOf(20_000, "A"), true);
  assert.deepEqual(story(activity), ["20000 entered A 1", "1000 left A 1"]);
});

test("rows that do not follow on those before tell of nobody", () => {
  const activity = new Activity();
  activity.see(listOf(0, "A"), false);
  activity.see(listOf(5_000, "B"), false);
  activity.settle(100_000);
  assert.deepEqual(story(activity), []);
});

test("what the server remembers comes in once, with its reasons, and peaks are no entries", () => {
  const activity = new Activity();
  activity.see(listOf(0), false);
  activity.see(listOf(3_000, "A"), true);
  activity.see(listOf(4_000, "A", "B"), true);
  activity.load([eventOf(3_000, "entered", "A"), eventOf(2_000, "peak", "C"), eventOf(2_000, "left", "C")]);
  assert.deepEqual(story(activity), ["4000 entered B 2", "3000 entered A 1", "2000 left C 1"]);
  assert.equal(activity.entries[2]?.reason, "outranked");
});

test("no more is remembered than there is room for", () => {
  const activity = new Activity();
  activity.load(Array.from({ length: REMEMBERED + 5 }, (_, index) => eventOf(REMEMBERED - index, "entered", "A")));
  activity.see(listOf(9_000), false);
  activity.see(listOf(10_000, "Z"), true);
  assert.equal(activity.entries.length, REMEMBERED);
  assert.equal(activity.entries[0]?.symbol, "Z");
});

test("a list that is gone is forgotten with those who were leaving it", () => {
  const activity = new Activity();
  activity.see(listOf(0, "A"), false);
  activity.see(listOf(1_000), true);
  activity.forget("winners");
  activity.settle(100_000);
  assert.deepEqual(story(activity), []);
});

test("filters narrow what is shown", () => {
  const entries = /** @type {any[]} */ ([
    eventOf(3, "entered", "AAPL"), eventOf(2, "left", "BACpL"), { ...eventOf(1, "left", "AA"), list: "losers" },
  ]);
  const found = (/** @type {object} */ wish) => {
    return filtered(entries, { list: "", event: "", symbol: "", ...wish }, 10).map(({ symbol }) => symbol);
  };
  assert.deepEqual(found({ symbol: "aa" }), ["AAPL", "AA"]);
  assert.deepEqual(found({ event: "left" }), ["BACpL", "AA"]);
  assert.deepEqual(found({ list: "losers" }), ["AA"]);
  assert.equal(filtered(entries, { list: "", event: "", symbol: "" }, 1).length, 1);
});

test("where a replay goes back, what comes after that moment goes", () => {
  const activity = new Activity();
  activity.see(listOf(0, "A"), false);
  activity.see(listOf(20_000, "A", "B"), true);
  activity.see(listOf(40_000, "B", "C"), true);
  activity.rewind(20_000);
  activity.settle(90_000);
  assert.deepEqual(story(activity), ["20000 entered B 2"]);
  // What the list holds there follows on nothing.
  activity.see(listOf(20_000, "D"), true);
  activity.see(listOf(21_000, "D", "E"), true);
  assert.deepEqual(story(activity), ["21000 entered E 2", "20000 entered B 2"]);
});

test("a list that tells of an earlier time is a replay that went back, one that is older than others is none", () => {
  const activity = new Activity();
  activity.see(listOf(0), false);
  activity.see(listOf(60_000, "A"), true);
  activity.see({ ...listOf(9_000, "A", "B"), name: "losers" }, false);
  activity.see(listOf(61_000, "A", "B"), true);
  assert.equal(story(activity).length, 2);
  activity.see(listOf(30_000), true);
  assert.deepEqual(story(activity), []);
});

test("what the server tells of where a replay went on takes the place of what was seen", () => {
  const activity = new Activity();
  activity.see(listOf(0), false);
  for (const [index, time] of [10_000, 20_000, 30_000].entries()) activity.see(listOf(time, ..."ABC".slice(0, index + 1)), true);
  activity.rewind(20_000);
  activity.see(listOf(25_000, "A"), false);
  activity.see(listOf(26_000, "A", "F"), true);
  activity.leapt(20_000, [eventOf(19_000, "entered", "X"), eventOf(18_000, "peak", "X"), eventOf(15_000, "left", "W")]);
  assert.deepEqual(story(activity), ["26000 entered F 2", "19000 entered X 1", "15000 left W 1", "10000 entered A 1"]);
});
