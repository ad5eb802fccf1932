/** What the page makes of an audit of relative volumes: where its strokes stand, and what it says in words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { gapsOf, heightOf, percentWords, runsOf, strokesOf, summaryWords, WIDTH_PX } from "../../static/rvol_audit.js";

const slots = [
  { slot: 0, time: "04:05", method: "exact", median: 0.1, p99: 10 },
  { slot: 191, time: "20:00", method: "curve", median: 1, p99: 5_000 },
];
const audit = /** @type {any} */ ({
  date: "2026-11-18", failed: 0, silent_slots: [], slots, errors: { n: 7, median: 0.004, p99: 4.2, within: 93.456 },
  coverage: { compared: 1_234_567, quiet: 5, unpublished: 0, unrated: 0, unproven: 0, without_bars: 0 },
});

test("each level is as far from the next, and what is beyond the picture stands at its edge", () => {
  const levels = [0.01, 0.1, 1, 10, 100, 1_000].map(heightOf);
  const steps = levels.slice(1).map((height, index) => (levels[index] ?? 0) - height);

  assert.deepEqual(steps, [30, 30, 30, 30, 30]);
  assert.equal(heightOf(0), levels[0]);
  assert.equal(heightOf(1e9), levels[5]);
});

test("a stroke reaches from a slot's median up to its p99, and stands in the picture", () => {
  const [exact] = strokesOf(slots, "exact");
  const [curve] = strokesOf(slots, "curve");

  assert.deepEqual([exact?.top, exact?.bottom], [heightOf(10), heightOf(0.1)]);
  assert.equal(curve?.top, heightOf(1_000));
  assert.ok((exact?.x ?? 0) > 40 && (curve?.x ?? 0) < WIDTH_PX);
  assert.equal(strokesOf(slots, "exact").length, 1);
});

test("percent are told with two decimals, and what is less than those is not nothing", () => {
  assert.deepEqual([null, 0, 0.004, -0.004, 12.345, 1_234.5].map(percentWords), [
    "–", "0.00", "< 0.01", "< 0.01", "12.35", "1,234.50",
  ]);
});

test("slots that follow each other are shaded as one", () => {
  assert.deepEqual(runsOf([0, 1, 2, 70, 190, 191]), [
    { first: 0, count: 3 }, { first: 70, count: 1 }, { first: 190, count: 2 },
  ]);
  assert.deepEqual(runsOf([]), []);
});

test("an audit is one line", () => {
  assert.equal(summaryWords(audit),
    "2026-11-18: 1,234,567 values compared, 93.46 % within 1 %, median off by < 0.01 %, p99 4.20 %");
  assert.equal(summaryWords({ ...audit, errors: { n: 0 } }), "2026-11-18: nothing could be compared");
});

test("what could not be compared is told with why, and nothing where all could", () => {
  assert.deepEqual(gapsOf(audit), []);
  const gaps = gapsOf({ ...audit, failed: 2, silent_slots: [1, 2], coverage: { ...audit.coverage, unrated: 1_200 } });

  assert.deepEqual(gaps, [
    "1,200 traded, and were published as unknown", "the minutes of 2 symbols could not be had",
    "nothing was noted at the end of 2 slots (shaded)",
  ]);
});
