/** What the page says of how much of the market it covers, and why rows are missing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { coverageWords, wayToLists } from "../../static/coverage.js";

const funnel = {
  symbols_seen: 12_000, priced: 11_940, with_volume: 9_000, rvol: { exact: 600, curve: 200, none: 11_140 },
  passed_filters: 700, dropped: { not_traded: 3_000, rvol_high: 0, mine: 4 },
};

test("coverage is the symbols with a price, and how many relative volumes are their own", () => {
  assert.equal(coverageWords(funnel), "11,940 · 75 % exact");
  assert.equal(coverageWords({ ...funnel, rvol: { none: 12_000 } }), "11,940 · rvol unknown");
});

test("the way to the lists names each reason that leaves somebody out, in words where there are some", () => {
  const way = wayToLists(funnel);

  assert.deepEqual(way.filter(([words]) => words.startsWith("left out")), [
    ["left out: have not traded today", "3,000"], ["left out: mine", "4"],
  ]);
  assert.deepEqual(way.at(-1), ["pass the filters, and can be in a list", "700"]);
});
