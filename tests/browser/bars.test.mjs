/** Today's bars: loaded once, carried on by live values, and what is drawn beside them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { averagePrices, Bars, hoursOf, MINUTE_MS, usualVolumes } from "../../static/bars.js";

const OPEN = 1_795_789_800_000;

/**
 * @param {number} minute
 * @param {Partial<{open: number, high: number, low: number, close: number, volume: number, vwap: number | null}>} [more]
 */
function told(minute, more = {}) {
  return { time: OPEN + minute * MINUTE_MS, open: 10, high: 11, low: 9, close: 10, volume: 100, vwap: 10, trades: 5, ...more };
}

/**
 * @param {number} second
 * @param {number} price
 * @param {number} volume
 */
function live(second, price, volume, more = {}) {
  return { price, updated: OPEN + second * 1_000, volume_today: volume, high: 11, low: 9, ...more };
}

test("live values go on from the minutes that were loaded", () => {
  const bars = new Bars();
  bars.load([told(0), told(1)]);
  bars.take(live(90, 10, 200));
  bars.take(live(95, 10.5, 230));
  bars.take(live(121, 10.2, 240));

  const [, second, third] = bars.minutes;
  assert.deepEqual([second?.close, second?.high, second?.volume], [10.5, 11, 130]);
  assert.deepEqual([third?.time, third?.open, third?.close, third?.volume], [OPEN + 2 * MINUTE_MS, 10.2, 10.2, 10]);
});

test("the first live value adds no volume, as nobody knows how much of it is new", () => {
  const bars = new Bars();
  bars.load([told(0)]);
  bars.take(live(30, 10.4, 9_999));
  assert.equal(bars.minutes[0]?.volume, 100);
});

test("an extreme of the day that no price showed is in its bar", () => {
  const bars = new Bars();
  bars.load([told(0)]);
  bars.take(live(30, 10.4, 100));
  bars.take(live(31, 10.4, 110, { high: 12.5, low: 8.5 }));
  assert.deepEqual([bars.minutes[0]?.high, bars.minutes[0]?.low], [12.5, 8.5]);
});

test("what is unchanged, unknown or of a minute that is over changes no bar", () => {
  const bars = new Bars();
  bars.load([told(0), told(5)]);
  assert.equal(bars.take(live(310, 10.4, 100)), true);
  assert.equal(bars.take(live(311, 10.4, 100)), false);
  assert.equal(bars.take({ price: null, updated: null, volume_today: null }), false);
  assert.equal(bars.take(live(61, 10.9, 120)), false);
});

test("what was seen while the minutes were asked for stays", () => {
  const bars = new Bars();
  bars.take(live(61, 10.4, 100));
  bars.load([told(0)]);
  assert.deepEqual(bars.minutes.map(({ time }) => time), [OPEN, OPEN + MINUTE_MS]);
});

test("five minutes hold what their minutes did", () => {
  const bars = new Bars();
  bars.load([told(0, { high: 15 }), told(3, { low: 4, close: 7 }), told(5)]);
  const [first, second] = bars.every(5);
  assert.deepEqual([first?.open, first?.high, first?.low, first?.close, first?.volume], [10, 15, 4, 7, 200]);
  assert.equal(second?.time, OPEN + 5 * MINUTE_MS);
  assert.equal(bars.minutes[0]?.volume, 100);
});

test("the average price is of all that was traded, and ends with what the feed says", () => {
  const bars = new Bars();
  bars.load([told(-1, { vwap: 10 }), told(1, { vwap: 20, volume: 300 }), told(2, { vwap: null, volume: 0 })]);
  assert.deepEqual(averagePrices(bars.minutes, null).map(({ value }) => value), [10, 17.5, 17.5]);
  assert.deepEqual(averagePrices(bars.minutes, 17.6).map(({ value }) => value), [10, 17.5, 17.6]);
});

/** @param {(number | null)[]} expected */
function dayOf(expected) {
  return {
    pre_market_start: OPEN - 600_000, market_open: OPEN, market_close: OPEN + 300_000, post_market_end: OPEN + 600_000,
    slot_ms: 300_000, expected,
  };
}

test("the usual volume of a bar is its share of its slot; what is unknown has none", () => {
  const day = dayOf([100, 350, null, null]);
  assert.deepEqual(usualVolumes(day, 5).map(({ value }) => value), [100, 250]);
  const minutes = usualVolumes(day, 1);
  assert.deepEqual([minutes.length, minutes[0]?.value, minutes[9]?.value], [10, 20, 50]);
  assert.equal(minutes[9]?.time, OPEN - MINUTE_MS);
});

test("the day has its hours before and after the regular session", () => {
  const hours = hoursOf(dayOf([]), 5);
  assert.deepEqual(hours.map(({ extended }) => extended), [true, true, false, true]);
});
