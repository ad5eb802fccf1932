/** The controls of a replay: the next speed, the clock's pace, and what is said of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { MarketClock } from "../../static/market_clock.js";
import { paceOf } from "../../static/market_clock.js";
import { nextSpeed, soughtAt, SPEEDS, speedWords, stateWords } from "../../static/transport.js";

const PLAYED = {
  file: "a.trec", market: "live", first: 0, last: 9_000, at: 3_000, speed: /** @type {number | null} */ (5),
  paused: false, seeking: false, ended: false, leaps: 0,
};

test("a speed goes up to as fast as it goes, and down to the slowest", () => {
  let speed = /** @type {number | null} */ (SPEEDS[0] ?? 1);
  const up = [speed];
  while (speed !== null) up.push((speed = nextSpeed(speed, 1)));

  assert.deepEqual(up, [...SPEEDS, null]);
  assert.equal(nextSpeed(null, 1), null);
  assert.equal(nextSpeed(null, -1), SPEEDS.at(-1));
  assert.equal(nextSpeed(SPEEDS[0] ?? 1, -1), SPEEDS[0]);
  assert.deepEqual([nextSpeed(3, 1), nextSpeed(3, -1)], [5, 2]);
  assert.deepEqual([speedWords(0.5), speedWords(null)], ["0.5×", "max"]);
});

test("the last step of the slider is the very end, and no other is", () => {
  const range = { max: "9500", step: "1000" };
  assert.deepEqual([0, 8_000, 8_500, 9_000, 9_500].map((value) => soughtAt(value, range)), [0, 8_000, 8_500, 9_500, 9_500]);
});

test("the clock stands while the recording does, and else runs as fast as that is played", () => {
  const cases = [{}, { paused: true }, { ended: true }, { seeking: true }, { speed: null }];

  assert.deepEqual(cases.map((change) => paceOf({ ...PLAYED, ...change })), [5, 0, 0, 0, 1]);
});

test("what it does is said in words", () => {
  const cases = [{}, { paused: true }, { ended: true }, { seeking: true, paused: true }];

  assert.deepEqual(cases.map((change) => stateWords({ ...PLAYED, ...change })), ["", "paused", "at its end", "going there"]);
});

test("a clock that is told where and how fast to go forgets what it has seen", () => {
  const clock = new MarketClock(10_000);
  clock.observe(0, 0);
  clock.observe(50_000, 5_000);

  clock.follow(1_000, 6_000, 2);

  assert.equal(clock.now(6_500), 2_000);
  clock.observe(1_000, 9_000);
  assert.equal(clock.pace, 0);
});
