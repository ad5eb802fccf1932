/** Where the time of a row's numbers went, for rows of snapshots and of the live feed, and where that is not known. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ways, stagesOf, tookWords, wayWords } from "../../static/ways.js";

const T = 1_800_000_000_000;
/** This window's clock began some day; the server's is that much further. */
const OFFSET = T - 5_000;
const HERE = { market: "live", pace: 1, now: T + 3_400, offset: OFFSET };
const SNAPSHOT = { asked: T + 120, came: T + 460, ranked: T + 466, published: T + 468 };
const LIVE = { came: T + 1_240, ranked: T + 1_246, published: T + 1_248 };

/**
 * @param {string} symbol
 * @param {number | null} updated
 * @returns {import("../../static/protocol.js").Row}
 */
function row(symbol, updated) {
  return { rank: 1, symbol, updated };
}

/**
 * @param {{before: import("../../static/protocol.js").Row, after: import("../../static/protocol.js").Row}[]} updated
 * @param {string[]} added
 * @returns {import("../../static/rankings.js").Changes}
 */
function changes(updated, added = []) {
  return { updated, added, removed: [], shifts: [] };
}

/**
 * @param {Ways} ways
 * @param {import("../../static/protocol.js").Times | null} times
 * @param {number} before
 * @param {number} after
 * @param {number} now
 */
function step(ways, times, before, after, now) {
  const [old, fresh] = [row("A", before), row("A", after)];
  ways.take({ times, rows: [fresh] }, changes([{ before: old, after: fresh }]), now);
}

test("a row of a snapshot waited for it to be asked for, and then was fetched", () => {
  const ways = new Ways();
  step(ways, SNAPSHOT, T - 9_000, T, 5_486);
  const told = ways.told("A", T, HERE);
  assert.equal(
    told && wayWords(told),
    "3 s old; by snapshot: event → asked for 120 ms → fetched 340 ms → ranked 6 ms → published 2 ms → here 18 ms, in all 486 ms",
  );
});

test("a live row came by itself", () => {
  const ways = new Ways();
  step(ways, LIVE, T, T + 1_000, 6_266);
  const told = ways.told("A", T + 1_000, { ...HERE, now: T + 1_500 });
  assert.equal(
    told && wayWords(told),
    "under 1 s old; by the live feed: event → arrived 240 ms → ranked 6 ms → published 2 ms → here 18 ms, in all 266 ms",
  );
});

test("the stages add up to the whole, whichever clocks differ", () => {
  for (const [updated, here] of /** @type {[number, number][]} */ ([[T, 5_486], [T + 300, 5_486], [T + 465, 5_400], [T + 900, 5_000]])) {
    const stages = stagesOf({ updated, times: SNAPSHOT, here }, OFFSET);
    const last = Math.max(updated, SNAPSHOT.published, here + OFFSET);
    assert.equal(stages.reduce((sum, { ms }) => sum + ms, 0), last - updated);
    assert.ok(stages.every(({ ms }) => ms >= 0));
  }
});

test("how long a stage took is told no finer than it is known", () => {
  assert.deepEqual([0, 0.6, 1, 9.4, 999, 1_200, 61_000].map(tookWords), ["<1 ms", "<1 ms", "1 ms", "9 ms", "999 ms", "1.2 s", "1 min"]);
});

test("of what was not seen to come nothing is claimed", () => {
  const ways = new Ways();
  assert.equal(ways.told("A", T, HERE)?.source, "");
  assert.equal(ways.told("A", null, HERE), null);
  // Other numbers changed, and the event is the same.
  step(ways, SNAPSHOT, T, T, 5_486);
  assert.equal(ways.told("A", T, HERE)?.source, "");
  // A frame that says nothing of it, and an event after one that was seen.
  step(ways, null, T, T + 1, 5_486);
  step(ways, SNAPSHOT, T + 1, T + 2, 5_486);
  assert.equal(ways.told("A", T + 3, HERE)?.source, "");
  assert.equal(ways.told("A", T + 2, HERE)?.source, "snapshot");
  ways.reset();
  assert.match(ways.told("A", T + 2, HERE)?.why ?? "", /before this window looked/);
});

test("a row that entered came with the snapshot if the one before cannot have held it", () => {
  const ways = new Ways();
  const rows = [row("NEW", T - 1_000), row("OLD", T - 6_000), row("A", T - 900)];
  ways.note("A", T - 950, LIVE, 4_000);
  step(ways, { ...SNAPSHOT, asked: T - 5_000 }, T - 9_000, T - 8_000, 4_900);
  ways.take({ times: SNAPSHOT, rows }, changes([], ["NEW", "OLD", "A"]), 5_486);
  // The same snapshot in another list is no snapshot later.
  ways.take({ times: SNAPSHOT, rows }, changes([], ["NEW", "OLD"]), 5_487);
  assert.deepEqual(rows.map(({ symbol, updated }) => ways.told(symbol, updated, HERE)?.source), ["snapshot", "", ""]);
});

test("who tells first of an event is who it came by", () => {
  const ways = new Ways();
  step(ways, LIVE, T, T + 1_000, 6_266);
  ways.note("A", T + 1_000, SNAPSHOT, 9_000);
  assert.equal(ways.told("A", T + 1_000, HERE)?.source, "live");
});

test("the event before stays known while not everybody has been told of the next", () => {
  const ways = new Ways();
  step(ways, SNAPSHOT, T - 9_000, T, 5_486);
  step(ways, LIVE, T, T + 1_000, 6_266);
  assert.deepEqual([T, T + 1_000].map((updated) => ways.told("A", updated, HERE)?.source), ["snapshot", "live"]);
  step(ways, LIVE, T + 1_000, T + 2_000, 7_266);
  assert.deepEqual([T, T + 1_000].map((updated) => ways.told("A", updated, HERE)?.source), ["", "live"]);
});

test("where clocks run otherwise, or are not known yet, the age alone is told", () => {
  const ways = new Ways();
  step(ways, LIVE, T, T + 1_000, 6_266);
  const words = (/** @type {object} */ other) => ways.told("A", T + 1_000, { ...HERE, ...other });
  assert.deepEqual(words({ pace: 10 })?.stages, []);
  assert.match(words({ pace: 10 })?.why ?? "", /another pace/);
  assert.match(words({ market: "replay" })?.why ?? "", /a replay/);
  assert.match(words({ offset: null })?.why ?? "", /until the server's time/);
  assert.equal(words({ pace: 10 })?.age, "2 s old");
});

test("what is kept is bounded", () => {
  const ways = new Ways();
  for (let number = 0; number < 4_000; number += 1) ways.note(`S${number}`, T, LIVE, number);
  assert.equal(ways.bySymbol.size, 3_000);
  assert.equal(ways.told("S0", T, HERE)?.source, "");
  assert.equal(ways.told("S3999", T, HERE)?.source, "live");
});
