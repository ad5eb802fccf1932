/** Moments of the time machine: within what is kept, on New York's wall, and asked for one at a time. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { momentOf, NewestOnly, resolutionWords, within } from "../../static/moments.js";

const OPEN = Date.UTC(2026, 10, 18, 14, 30);
const DAY = {
  date: "2026-11-18", first: OPEN - 59_200, last: OPEN + 600_700, market_open: OPEN, market_close: OPEN + 23_400_000,
  resolution_s: 5,
};

test("a moment is a whole second of what is kept", () => {
  assert.equal(within(DAY, OPEN + 1_400), OPEN + 1_000);
  assert.equal(within(DAY, 0), OPEN - 59_000);
  assert.equal(within(DAY, Infinity), OPEN + 600_000);
  assert.equal(within({ ...DAY, last: DAY.first + 100 }, OPEN), OPEN - 59_000);
});

test("a time on the wall is a moment of that day", () => {
  assert.equal(momentOf(DAY, "09:30"), OPEN);
  assert.equal(momentOf(DAY, " 9:31:05 "), OPEN + 65_000);
  assert.equal(momentOf(DAY, "04:00"), OPEN - 19_800_000);
  for (const wrong of ["", "9", "24:00", "09:60", "09:30:60", "soon", "09:30:1"]) assert.equal(momentOf(DAY, wrong), null, wrong);
});

test("in summer the wall stands an hour earlier in UTC, and the open tells", () => {
  const summer = Date.UTC(2026, 6, 15, 13, 30);
  assert.equal(momentOf({ ...DAY, market_open: summer }, "10:00"), Date.UTC(2026, 6, 15, 14, 0));
});

test("how finely it is known is said in words", () => {
  const told = { timestamp: OPEN, at: OPEN, resolution_s: 5, rows: [1, 2] };
  assert.equal(resolutionWords(told), "2 rows, as it stood at 09:30:00; kept about every 5 seconds");
  const coarse = { ...told, at: OPEN + 90_000, resolution_s: 90, rows: [] };
  assert.equal(resolutionWords(coarse), "empty, as it stood at 09:30:00, 90 s before; kept about every 2 min");
});

test("of questions that come while one is out only the newest is asked, and only its answer is shown", async () => {
  /** @type {number[]} */
  const asked = [];
  /** @type {(() => void)[]} */
  const answers = [];
  /** @type {string[]} */
  const shown = [];
  const newest = new NewestOnly(
    (/** @type {number} */ wish) => {
      asked.push(wish);
      return new Promise((resolve) => answers.push(() => resolve(`answer ${wish}`)));
    },
    (/** @type {string} */ answer) => shown.push(answer),
  );
  const done = newest.want(1);
  void newest.want(2);
  void newest.want(3);
  assert.deepEqual(asked, [1]);
  answers[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, [1, 3]);
  assert.deepEqual(shown, []);
  answers[1]?.();
  await done;
  assert.deepEqual(shown, ["answer 3"]);
  const again = newest.want(4);
  answers[2]?.();
  await again;
  assert.deepEqual(shown, ["answer 3", "answer 4"]);
});
