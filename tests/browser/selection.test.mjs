/** Colour groups: who selects, who hears of it, and what other windows are told. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULT_GROUP, GROUPS, onSelect, select, selected, shareSelection } from "../../static/selection.js";

/** A channel to other windows that keeps what it was told. */
function channelOf() {
  /** @type {any[]} */
  const told = [];
  return { told, postMessage: (/** @type {any} */ message) => told.push(message), onmessage: /** @type {any} */ (null) };
}

test("who follows a group hears of its symbol once for each change, and of no other group's", () => {
  /** @type {string[]} */
  const heard = [];
  const stop = onSelect("orange", (symbol) => heard.push(symbol));
  select("orange", "AAPL");
  select("orange", "AAPL");
  select("purple", "MSFT");
  select("orange", "");
  stop();
  select("orange", "TSLA");

  assert.deepEqual(heard, ["AAPL", ""]);
  assert.equal(selected("orange"), "TSLA");
  assert.equal(selected("green"), "");
});

test("windows tell each other, never echo what they heard, and a newcomer is told what stands", () => {
  const channel = channelOf();
  shareSelection(channel);
  select(DEFAULT_GROUP, "NVDA");
  select(DEFAULT_GROUP, "NVDA");
  channel.onmessage({ data: { group: DEFAULT_GROUP, symbol: "AMD" } });
  const afterHearing = channel.told.length;
  channel.onmessage({ data: { asks: true } });

  assert.deepEqual(channel.told.slice(0, 2), [{ asks: true }, { group: DEFAULT_GROUP, symbol: "NVDA" }]);
  assert.equal(afterHearing, 2);
  assert.equal(selected(DEFAULT_GROUP), "AMD");
  assert.ok(channel.told.slice(2).some(({ group, symbol }) => group === DEFAULT_GROUP && symbol === "AMD"));
});

test("what is no news about a group is not believed", () => {
  const channel = channelOf();
  shareSelection(channel);
  const before = GROUPS.map(selected);
  for (const data of [null, 7, {}, { group: "pink", symbol: "A" }, { group: "blue", symbol: 1 },
    { group: "blue", symbol: "A".repeat(33) }]) channel.onmessage({ data });

  assert.deepEqual(GROUPS.map(selected), before);
});
