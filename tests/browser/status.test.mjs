// What the status page shows of what /health says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { groupsOf, troublesOf } from "../../static/status_facts.js";

/** @param {object} health @returns {{[title: string]: {[name: string]: string}}} */
function shown(health) {
  return Object.fromEntries(
    groupsOf(health).map((group) => [group.title, Object.fromEntries(group.facts.map(({ name, value }) => [name, value]))]),
  );
}

test("facts are in words, and what is unknown is a dash", () => {
  const health = {
    market: "live",
    feed: { state: "live", age_ms: 1_200 },
    stream: { authenticated: true, confirmed: 298, desired: 300 },
    intake: { lag_ms: null },
    loop: { delay_ms: { p99: 3.4 }, stalls: 0 },
    database: { enabled: true, connected: false, written: 1_234, spooled_bytes: 2_500_000 },
  };

  const groups = shown(health);

  assert.equal(groups.Market?.market, "live");
  assert.equal(groups["Live feed"]?.followed, "298 of 300");
  assert.equal(groups["Viewers"]?.["event loop late by (p99)"], "3 ms");
  assert.equal(groups.History?.database, "away");
  assert.equal(groups.History?.["on the disk, waiting"], "2.5 MB");
});

test("a stranger is told nothing, and that is shown as nothing", () => {
  assert.deepEqual(groupsOf({ status: "ok" }), []);
  assert.deepEqual(troublesOf({ status: "ok" }), []);
});

test("what runs, and what was started anew and why, is named", () => {
  const tasks = [
    { name: "discovery", running: true, restarts: 0, last_error: null },
    { name: "hub", running: false, restarts: 2, last_error: "ValueError: boom" },
  ];

  assert.deepEqual(shown({ supervisor: { tasks } }).Tasks, {
    discovery: "runs",
    hub: "does not run, started anew 2 times: ValueError: boom",
  });
});

test("a trouble says since when, on the market's clock", () => {
  const since = Date.UTC(2026, 10, 18, 15, 0, 5);

  assert.deepEqual(troublesOf({ troubles: [{ part: "feed", reason: "stale", since }] }), [
    { part: "feed", reason: "stale", since: "10:00:05" },
  ]);
});
