/** The symbol that is looked at closely: what the page asks of the server for it, and what it shows meanwhile. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FACTS, noteOf } from "../../static/detail_head.js";
import { newYorkTime } from "../../static/format.js";
import { Viewer } from "../../static/viewer.js";
import { Watching, Watchings } from "../../static/watching.js";
import { helloOf } from "./states.mjs";

const WATCH_A = { action: "watch", symbols: ["A"], id: "watch A" };
const UNWATCH_A = { action: "unwatch", symbols: ["A"] };
const WATCH_B = { action: "watch", symbols: ["B"], id: "watch B" };

/** A viewer that was greeted by a server without lists. */
function greeted() {
  const viewer = new Viewer(() => 0.5);
  viewer.connect(0);
  viewer.frame(1, helloOf([]), 0);
  viewer.commands.length = 0;
  viewer.news.length = 0;
  return viewer;
}

/** @param {Viewer} viewer */
function sent(viewer) {
  const commands = /** @type {any[]} */ (viewer.commands.splice(0));
  return commands.filter(({ kind }) => kind === "send").map(({ message }) => message);
}

/** @param {Viewer} viewer */
function news(viewer) {
  return viewer.news.splice(0).map(({ kind }) => kind);
}

/**
 * @param {string} symbol
 * @param {number | null} price
 */
function aggregateOf(symbol, price, timestamp = 1_000) {
  return { type: "aggregate", symbol, timestamp, data: { price, halted: null, stale: false } };
}

/** @param {string} code */
function refusalOf(code, symbol = "A") {
  return { type: "error", id: `watch ${symbol}`, code, message: `no: ${code}` };
}

test("a chosen symbol is watched, and another one in its place", () => {
  const viewer = greeted();

  viewer.watch("blue", "A", 0);
  viewer.watch("blue", "B", 10);
  viewer.watch("blue", "", 20);

  assert.deepEqual(sent(viewer), [WATCH_A, UNWATCH_A, WATCH_B, { action: "unwatch", symbols: ["B"] }]);
});

test("choosing what is chosen asks for nothing", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  sent(viewer);

  viewer.watch("blue", "A", 10);

  assert.deepEqual(sent(viewer), []);
});

test("its values are replaced as a whole, and others' are nobody's business", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  news(viewer);

  viewer.frame(1, aggregateOf("A", 10), 10);
  viewer.frame(1, aggregateOf("B", 99), 20);
  viewer.frame(1, aggregateOf("A", null, 2_000), 30);

  assert.deepEqual(news(viewer), ["symbol", "symbol"]);
  assert.deepEqual([viewer.watchings.of("blue").values?.price, viewer.watchings.of("blue").timestamp], [null, 2_000]);
});

test("what came of the symbol before is not shown as the new one's", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  viewer.frame(1, aggregateOf("A", 10), 10);

  viewer.watch("blue", "B", 20);
  viewer.frame(1, aggregateOf("A", 11), 30);

  assert.equal(viewer.watchings.of("blue").values, null);
  assert.equal(noteOf(viewer.watchings.of("blue")), "waiting for its values");
});

test("chosen before there is a connection, it is asked for after the hello", () => {
  const viewer = new Viewer(() => 0.5);
  viewer.watch("blue", "A", 0);
  viewer.connect(0);
  viewer.watch("blue", "B", 10);
  viewer.commands.length = 0;

  viewer.frame(1, helloOf([]), 20);

  assert.deepEqual(sent(viewer), [WATCH_B]);
});

test("after a lost connection it is watched anew; until then its values are old, and say of when", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  viewer.frame(1, aggregateOf("A", 10), 10);
  sent(viewer);

  viewer.closed(1, 1012, "restart", 1_000);
  const meanwhile = [viewer.watchings.of("blue").live, noteOf(viewer.watchings.of("blue")), viewer.watchings.of("blue").values?.price];
  viewer.tick(4_000);
  viewer.frame(2, helloOf([], { epoch: "e2" }), 4_000);
  const asked = sent(viewer);
  viewer.frame(2, aggregateOf("A", 12), 4_010);

  assert.deepEqual(meanwhile, [false, `as of ${newYorkTime(1_000)}`, 10]);
  assert.deepEqual(asked, [WATCH_A]);
  assert.deepEqual([viewer.watchings.of("blue").live, noteOf(viewer.watchings.of("blue"))], [true, ""]);
});

test("let go while the connection was lost, it is not asked for again", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  sent(viewer);
  viewer.closed(1, 1012, "restart", 1_000);
  viewer.watch("blue", "", 2_000);
  viewer.tick(4_000);

  viewer.frame(2, helloOf([]), 4_000);

  assert.deepEqual(sent(viewer), [{ action: "ping" }]);
});

test("a refusal is shown in the server's words, and not asked again and again", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  sent(viewer);
  news(viewer);

  viewer.frame(1, refusalOf("too_many"), 10);
  for (let now = 250; now <= 11_000; now += 250) viewer.tick(now);

  assert.deepEqual(sent(viewer), []);
  assert.equal(noteOf(viewer.watchings.of("blue")), "no: too_many");
  assert.deepEqual(news(viewer).slice(0, 1), ["symbol"]);
});

test("a refusal of the symbol before is not the new one's", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  viewer.watch("blue", "B", 10);

  viewer.frame(1, refusalOf("too_many"), 20);

  assert.equal(noteOf(viewer.watchings.of("blue")), "waiting for its values");
});

test("asked for too early, it is asked for again once the feed is there", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  viewer.frame(1, refusalOf("starting"), 10);
  sent(viewer);

  viewer.frame(1, { type: "status", feed: "starting", session: "MARKET_OPEN" }, 20);
  viewer.tick(250);
  const early = sent(viewer);
  viewer.frame(1, { type: "status", feed: "live", session: "MARKET_OPEN" }, 300);
  viewer.tick(500);

  assert.deepEqual(early, []);
  assert.deepEqual(sent(viewer), [WATCH_A]);
});

test("a question that is not answered for 5 s is asked again", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  sent(viewer);

  viewer.tick(4_900);
  const early = sent(viewer);
  viewer.tick(5_100);
  const late = sent(viewer);
  viewer.frame(1, aggregateOf("A", 10), 5_200);
  viewer.tick(12_000);

  assert.deepEqual([early, late, sent(viewer)], [[], [WATCH_A], []]);
});

test("however quickly one goes through a list, the page keeps the server's pace and ends with the last symbol", () => {
  const viewer = greeted();
  for (let row = 0; row < 400; row += 1) viewer.watch("blue", `S${row}`, row);
  const atOnce = sent(viewer);
  const later = [];

  for (let now = 500; now <= 2_000; now += 250) {
    viewer.tick(now);
    later.push(...sent(viewer));
  }

  assert.ok(atOnce.length <= 64);
  const told = new Set();
  for (const { action, symbols } of [...atOnce, ...later]) {
    if (action === "watch") told.add(symbols[0]);
    else told.delete(symbols[0]);
  }
  assert.deepEqual([...told], ["S399"]);
});

test("nothing chosen asks for nothing and shows nothing", () => {
  const watching = new Watching();

  assert.equal(watching.next(), null);
  assert.equal(watching.aggregate(/** @type {any} */ (aggregateOf("A", 1))), false);
  assert.equal(watching.refused(/** @type {any} */ ({ type: "error", code: "rate_limited", message: "" })), false);
});

test("halts and stale rows are said in words", () => {
  const watching = new Watching();
  watching.choose("A");
  const notes = [{ halted: true }, { halted: false, stale: true }, { halted: null, stale: false }].map((data) => {
    watching.aggregate({ type: "aggregate", symbol: "A", timestamp: 0, data });
    return noteOf(watching);
  });

  assert.deepEqual(notes, ["trading is halted", "the last snapshot did not hold it", ""]);
});

test("no fact is shown twice", () => {
  assert.equal(new Set(FACTS.map(([field]) => field)).size, FACTS.length);
});

test("what two groups look at is let go of when neither does any more", () => {
  const viewer = greeted();
  viewer.watch("blue", "A", 0);
  viewer.watch("orange", "A", 0);
  assert.deepEqual(sent(viewer), [WATCH_A, WATCH_A]);

  viewer.watch("blue", "B", 10);
  assert.deepEqual(sent(viewer), [WATCH_B]);
  viewer.frame(1, aggregateOf("A", 1), 20);
  assert.equal(viewer.watchings.of("orange").values?.price, 1);
  assert.equal(viewer.watchings.of("blue").values, null);

  viewer.watch("orange", "", 30);
  assert.deepEqual(sent(viewer), [UNWATCH_A]);
});

test("an alert is news for the page", () => {
  const viewer = greeted();
  viewer.frame(1, { type: "alert", id: 1, rule: "r", symbol: "A", list: null, timestamp: 1, text: "A: rang", data: {} }, 0);
  assert.deepEqual(news(viewer), ["alert"]);
});


test("a frame says that its symbol traded just now only where one before it says another time", () => {
  const watchings = new Watchings();
  const told = (/** @type {number} */ updated) => watchings.newsOf({ type: "aggregate", symbol: "A", timestamp: 9, data: { updated } });
  watchings.of("1").choose("A");
  assert.deepEqual(told(5), [{ kind: "symbol" }]);
  assert.deepEqual(told(5), [{ kind: "symbol" }]);
  assert.equal(told(6)[0]?.aggregate?.data.updated, 6);
  watchings.disconnect();
  assert.deepEqual(told(7), [{ kind: "symbol" }]);
  watchings.of("1").choose("B");
  assert.deepEqual(told(8), []);
});
