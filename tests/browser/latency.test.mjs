/** How long it takes from an event to the screen, with clocks that differ. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Latency, latencyWords } from "../../static/latency.js";

const SERVER = 1_800_000_000_000;

test("the clock's offset is told by the message that was least on its way", () => {
  const latency = new Latency();
  // Both began at the same moment; one took 40 ms, one 3 ms, one 200 ms.
  latency.observe(SERVER, 1_040);
  latency.observe(SERVER + 5_000, 6_003);
  latency.observe(SERVER + 10_000, 11_200);
  latency.note(SERVER + 10_000, 11_103);
  assert.deepEqual(latency.figures(11_103), { p50: 100, p99: 100, count: 1 });
});

test("the middle and nearly the worst are of the last minute", () => {
  const latency = new Latency();
  latency.observe(SERVER, 0);
  latency.note(SERVER - 9_000, 0);
  for (let number = 1; number <= 200; number += 1) latency.note(SERVER + 60_000 - number, 60_001);
  const figures = latency.figures(60_001);
  assert.deepEqual(figures, { p50: 101, p99: 199, count: 200 });
  assert.equal(latency.figures(200_000), null);
});

test("without the server's time nothing is noted, and none is below 0", () => {
  const latency = new Latency();
  latency.note(SERVER, 5);
  assert.equal(latency.figures(5), null);
  latency.observe(SERVER, 5);
  latency.note(SERVER + 50, 6);
  assert.equal(latency.figures(6)?.p50, 0);
  latency.reset();
  assert.equal(latency.figures(6), null);
});

test("a change that was less on its way than any heartbeat tells of the clocks too", () => {
  const latency = new Latency();
  latency.hint(SERVER, 0);
  assert.equal(latency.offset, null);
  latency.observe(SERVER, 40);
  latency.note(SERVER + 90, 105, SERVER + 100);
  assert.equal(latency.offset, SERVER - 5);
  assert.deepEqual(latency.figures(110, "here"), { p50: 0, p99: 0, count: 1 });
  latency.note(SERVER + 190, 230, SERVER + 200);
  assert.equal(latency.offset, SERVER - 5);
  assert.equal(latency.figures(230, "here")?.p99, 25);
});

test("from the publication alone it is told too, where that is known", () => {
  const latency = new Latency();
  latency.observe(SERVER, 0);
  latency.note(SERVER - 400, 10);
  latency.note(SERVER - 300, 18, SERVER);
  assert.deepEqual(latency.figures(20, "here"), { p50: 18, p99: 18, count: 1 });
  assert.equal(latency.figures(20)?.count, 2);
});

test("figures are said in words, and the unknown as such", () => {
  const server = { fetch: { p50: 812, p99: 4_900 }, scan: { p50: 7.25, p99: 12 }, publish: null };
  const words = latencyWords(server, { p50: 830, p99: 5_100, count: 9 }, 1).map(([, figures]) => figures);
  assert.deepEqual(words, ["812 ms (p99 4.9 s)", "–", "7.3 ms (p99 12 ms)", "–", "–", "830 ms (p99 5.1 s)"]);
  const here = latencyWords(server, null, 1, { p50: 18, p99: 61_000, count: 9 }).at(-2)?.[1];
  assert.equal(here, "18 ms (p99 1 min)");
  const paced = latencyWords(server, { p50: 1, p99: 2, count: 9 }, 10).at(-1)?.[1];
  assert.equal(paced, "unknown: its clock runs at another pace");
});
