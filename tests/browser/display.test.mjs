/** What the page decides before it touches the document: columns, marks, the market's clock, the header's words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { catalogueOf, columnOf, fitting, preferred, USUAL_COLUMNS } from "../../static/columns.js";
import { feedAge, feedWords, jobWords, linkWords, nothingKnown, sessionWords } from "../../static/header.js";
import { MarketClock } from "../../static/market_clock.js";
import { FLASH_MS, Marks, NEW_MS, SHIFT_MS } from "../../static/marks.js";
import { emptyReason } from "../../static/list_panel.js";

const NO_CHANGES = Object.freeze({ added: [], removed: [], updated: [], shifts: [] });

test("of the usual columns a list shows its own order key early, none twice, and no column that is a mark", () => {
  const names = preferred("gappers_up", USUAL_COLUMNS);

  assert.deepEqual(names.slice(0, 5), ["price", "gap_percent", "change_percent", "volume_today", "rvol"]);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.filter((name) => ["rvol_method", "halted", "name", "updated"].includes(name)), []);
  assert.deepEqual(preferred("my_scan", USUAL_COLUMNS).slice(0, 3), ["price", "change_percent", "gap_percent"]);
});

test("columns that somebody chose stand in their order; what marks the row or a value is no column", () => {
  const names = preferred("gappers_up", ["rvol", "sector", "price", "rvol_method", "halted"]);

  assert.deepEqual(names, ["rvol", "sector", "price"]);
});

test("only as many columns as fit are taken, from the front", () => {
  const columns = ["price", "rvol", "volume_today"].map((name) => columnOf(name, new Map()));

  assert.deepEqual(fitting(columns, columns[0].width + columns[1].width).map(({ name }) => name), ["price", "rvol"]);
  assert.equal(fitting(columns, 1_000).length, 3);
});

test("the catalogue decides how a column nobody knows is written", () => {
  const field = { name: "turnover", title: "Turnover", format: "money", meaning: "shares times price" };
  const column = columnOf("turnover", catalogueOf({ fields: [field] }));

  assert.equal(column.text({ rank: 1, symbol: "A", turnover: 1_500_000 }), "$1.50M");
  assert.equal(column.title, "Turnover");
});

test("without a usable catalogue the built-in columns stand", () => {
  for (const answer of [null, {}, { fields: "no" }]) assert.equal(catalogueOf(answer).size, 0);

  assert.equal(columnOf("change_percent", new Map()).text({ rank: 1, symbol: "A", change_percent: 2 }), "+2.00%");
});

test("approximate relative volume is marked", () => {
  const row = { rank: 1, symbol: "A", rvol: 4, rvol_method: "curve" };

  assert.equal(columnOf("rvol", new Map()).text(row), "~4.00");
  assert.equal(columnOf("rvol", new Map()).tone(row), "busy1");
});

test("a move is coloured by direction and size, a position in the range is not", () => {
  const tones = [-21, -6, -1, 0, null, 1, 6, 21].map((move) => {
    return columnOf("change_percent", new Map()).tone({ rank: 1, symbol: "A", change_percent: move });
  });

  assert.deepEqual(tones, ["down3", "down2", "down1", "", "", "up1", "up2", "up3"]);
  assert.equal(columnOf("range_position", new Map()).tone({ rank: 1, symbol: "A", range_position: 80 }), "");
});

test("a newcomer is NEW for ten seconds, and places it gains meanwhile do not hide that", () => {
  const marks = new Marks();
  marks.take({ ...NO_CHANGES, added: ["A"] }, 0);
  marks.take({ ...NO_CHANGES, shifts: [{ symbol: "A", places: 2 }] }, 100);

  assert.equal(marks.textOf("A", NEW_MS - 1), "NEW");
  assert.equal(marks.textOf("A", NEW_MS), "");
});

test("places gained add up while the arrow stands, and an arrow with nothing left goes", () => {
  const marks = new Marks();
  const shift = (/** @type {number} */ places) => ({ ...NO_CHANGES, shifts: [{ symbol: "A", places }] });

  marks.take(shift(2), 0);
  marks.take(shift(1), 100);
  assert.equal(marks.textOf("A", 100), "▲3");
  marks.take(shift(-4), 200);
  assert.equal(marks.textOf("A", 200), "▼1");
  assert.equal(marks.textOf("A", 200 + SHIFT_MS), "");
  marks.take(shift(1), 300);

  assert.equal(marks.textOf("A", 300), "");
});

test("a price that moved flashes for a moment; one that became known does not", () => {
  const marks = new Marks();
  const moved = (/** @type {any} */ from, /** @type {any} */ to) => ({
    ...NO_CHANGES,
    updated: [{ before: { rank: 1, symbol: "A", price: from }, after: { rank: 1, symbol: "A", price: to } }],
  });

  marks.take(moved(null, 5), 0);
  assert.equal(marks.flashOf("A", 0), "");
  marks.take(moved(5, 6), 0);
  assert.equal(marks.flashOf("A", 0), "flash-up");
  assert.equal(marks.flashOf("A", FLASH_MS), "");
  marks.take(moved(6, 5), 0);

  assert.equal(marks.flashOf("A", 0), "flash-down");
});

test("marks leave with their rows, so a page that is never looked at does not grow", () => {
  const marks = new Marks();
  for (let round = 0; round < 1_000; round += 1) {
    marks.take({ ...NO_CHANGES, added: [`S${round}`], removed: round > 0 ? [`S${round - 1}`] : [] }, round);
  }

  assert.equal(marks.marks.size, 1);
});

test("run-out marks are dropped and reported once", () => {
  const marks = new Marks();
  marks.take({ ...NO_CHANGES, added: ["A"] }, 0);

  assert.deepEqual([marks.expire(1), marks.expire(NEW_MS), marks.expire(NEW_MS)], [false, true, false]);
});

test("the market's clock goes on at the pace it was observed at", () => {
  const clock = new MarketClock(12_000);
  assert.equal(clock.now(0), null);
  clock.observe(1_000_000, 0);
  clock.observe(1_000_000 + 60 * 5_010, 5_000);

  assert.equal(clock.pace, 60);
  assert.equal(clock.now(6_000), 1_000_000 + 60 * 5_010 + 60_000);
});

test("jitter in delivery does not bend a clock that runs true", () => {
  const clock = new MarketClock(12_000);
  for (let beat = 0; beat < 5; beat += 1) clock.observe(beat * 5_000, beat * 5_000 + (beat % 2) * 60);

  assert.equal(clock.pace, 1);
});

test("a clock nobody confirms stops instead of inventing time", () => {
  const clock = new MarketClock(12_000);
  clock.observe(0, 0);

  assert.equal(clock.now(60_000), 12_000);
});

test("an empty list says why", () => {
  assert.equal(emptyReason("momentum_up", "PRE_MARKET", true), "from 09:30");
  assert.equal(emptyReason("reversals", "PRE_MARKET", true), "from 09:30");
  assert.equal(emptyReason("winners", "PRE_MARKET", true), "nothing qualifies");
  assert.equal(emptyReason("momentum_up", "POST_MARKET", true), "09:30 to 16:00 only");
  assert.equal(emptyReason("reversals", "POST_MARKET", true), "nothing qualifies");
  assert.equal(emptyReason("winners", "MARKET_OPEN", false), "waiting for the first rows");
  assert.equal(emptyReason("winners", "MARKET_OPEN", true, false), "nothing qualified when the connection was lost");
  assert.equal(emptyReason("winners", "MARKET_OPEN", false, false), "waiting for the first rows");
});

test("the session is named with the time to the next one", () => {
  const facts = { ...nothingKnown(), session: "PRE_MARKET", nextSession: "MARKET_OPEN", endsAt: 61_000 };

  assert.deepEqual(sessionWords(facts, 1_000), { name: "Pre-market", left: "opens in 01:00" });
  assert.deepEqual(sessionWords(facts, null), { name: "Pre-market", left: "" });
});

test("the feed's age grows only once a heartbeat is overdue", () => {
  const facts = { ...nothingKnown(), feed: "live", feedAgeMs: 2_000, heardFeedAt: 0 };

  assert.equal(feedAge(facts, 4_000), 2_000);
  assert.equal(feedAge(facts, 10_000), 12_000);
  assert.equal(feedWords(facts, 4_000), "live · 2 s");
});

test("a stale feed says since when and why", () => {
  const since = Date.UTC(2026, 2, 18, 13, 31, 5);
  const facts = { ...nothingKnown(), feed: "stale", feedSince: since, feedReason: "frozen", feedAgeMs: 61_000 };

  assert.equal(feedWords(facts, 0), "STALE since 09:31:05, frozen · 1 min");
});

test("the link says how long until it tries again, or why it will not", () => {
  const viewer = { halted: null, retryAt: 4_500, reason: "connection lost" };

  assert.equal(linkWords({ ...viewer, state: "DOWN" }, 2_000), "reconnecting in 3 s · connection lost");
  assert.equal(linkWords({ ...viewer, state: "HALTED", halted: "not signed in" }, 0), "HALTED: not signed in");
  assert.equal(linkWords({ ...viewer, state: "LIVE" }, 0), "LIVE");
});

test("what is loaded is said with its share, and what waits is counted", () => {
  const job = { name: "slots", done: 3_590, total: 12_000, note: "volumes" };
  const queued = { name: "metadata", done: 0, total: 0, note: "" };

  assert.equal(jobWords([]), "");
  assert.equal(jobWords([queued]), "metadata");
  assert.equal(jobWords([job]), "slots 29 % · volumes");
  assert.equal(jobWords([job, queued, queued]), "slots 29 % · volumes · 2 more");
});
