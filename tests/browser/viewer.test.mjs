/** The client state machine, row by row, against a scripted server and a hand-moved clock. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { checksum } from "../../static/rankings.js";
import { Viewer } from "../../static/viewer.js";
import { deltaOf, heartbeatOf, helloOf, priceOfB, ROWS, snapshotOf } from "./states.mjs";

/** A viewer that has just opened its first socket. */
function connecting(random = () => 0.5) {
  const viewer = new Viewer(random);
  viewer.connect(0);
  viewer.commands.length = 0;
  return viewer;
}

/** A viewer whose one list is LIVE at sequence 1. */
function live() {
  const viewer = connecting();
  viewer.frame(1, helloOf(), 0);
  viewer.frame(1, snapshotOf(), 0);
  viewer.commands.length = 0;
  return viewer;
}

/** @param {Viewer} viewer */
function sent(viewer) {
  const commands = /** @type {any[]} */ (viewer.commands.splice(0));
  return commands.filter(({ kind }) => kind === "send").map(({ message }) => message);
}

/** @param {Viewer} viewer */
function listOf(viewer) {
  const list = viewer.lists.get("winners");
  assert.ok(list);
  return list;
}

/**
 * @param {Viewer} viewer
 * @param {number} from
 * @param {number} to
 */
function tickThrough(viewer, from, to) {
  for (let now = from; now <= to; now += 250) viewer.tick(now);
}

test("CONNECTING, hello: every list is asked for, and a newcomer names no epoch", () => {
  const viewer = connecting();

  viewer.frame(1, helloOf(["winners", "losers"]), 0);

  assert.equal(viewer.state, "SYNCING");
  assert.deepEqual(sent(viewer).map(({ action, list, epoch }) => [action, list, epoch]), [
    ["subscribe_list", "winners", undefined],
    ["subscribe_list", "losers", undefined],
  ]);
});

test("CONNECTING, hello after a loss: it asks with epoch and last_sequence, and the old rows stay", () => {
  const viewer = live();
  viewer.closed(1, 1012, "restart", 1_000);
  viewer.tick(3_000);
  viewer.commands.length = 0;

  viewer.frame(2, helloOf(["winners"], { epoch: "e2" }), 3_000);

  const [{ epoch, last_sequence }] = sent(viewer);
  assert.deepEqual([epoch, last_sequence], ["e1", 1]);
  assert.equal(listOf(viewer).rows.length, 3);
  assert.equal(viewer.state, "SYNCING");
});

test("SYNCING, snapshot: rows, epoch and sequence are taken together", () => {
  const viewer = live();

  const { rows, epoch, sequence } = listOf(viewer);
  assert.deepEqual([rows.length, epoch, sequence, viewer.state], [3, "e1", 1, "LIVE"]);
});

test("SYNCING, recovered and equal: the rows held are LIVE again without a snapshot", () => {
  const viewer = live();
  viewer.closed(1, 4000, "slow", 1_000);
  viewer.tick(3_000);
  viewer.frame(2, helloOf(), 3_000);
  const [{ id }] = sent(viewer);

  viewer.frame(2, { type: "subscribed", id, list: "winners", recovered: true }, 3_000);

  assert.equal(viewer.state, "LIVE");
});

test("SYNCING, recovered by a delta: it fits what is held and makes the list LIVE", () => {
  const viewer = live();
  viewer.closed(1, 4000, "slow", 1_000);
  viewer.tick(3_000);
  viewer.frame(2, helloOf(), 3_000);

  viewer.frame(2, deltaOf(priceOfB(21), { prev: 1, sequence: 9 }), 3_000);

  assert.deepEqual([listOf(viewer).sequence, listOf(viewer).rows[1].price, viewer.state], [9, 21, "LIVE"]);
});

test("recovered is not believed across epochs", () => {
  const viewer = live();
  viewer.closed(1, 1012, "", 1_000);
  viewer.tick(3_000);
  viewer.frame(2, helloOf(["winners"], { epoch: "e2" }), 3_000);
  const [{ id }] = sent(viewer);

  viewer.frame(2, { type: "subscribed", id, list: "winners", recovered: true }, 3_000);

  assert.equal(viewer.state, "SYNCING");
});

test("LIVE, delta that fits: applied", () => {
  const viewer = live();

  viewer.frame(1, deltaOf(priceOfB(21)), 100);

  assert.deepEqual([listOf(viewer).rows[1].price, listOf(viewer).sequence], [21, 2]);
});

test("LIVE, duplicate or older delta: dropped without a word", () => {
  const viewer = live();
  viewer.frame(1, deltaOf(priceOfB(21)), 100);

  viewer.frame(1, deltaOf(priceOfB(19)), 200);
  viewer.frame(1, deltaOf(priceOfB(18), { prev: 0, sequence: 1 }), 200);

  assert.deepEqual([listOf(viewer).rows[1].price, viewer.state, sent(viewer)], [21, "LIVE", []]);
});

for (const [why, frame] of /** @type {[string, any][]} */ ([
  ["another prev", deltaOf(priceOfB(21), { prev: 4 })],
  ["another epoch", deltaOf(priceOfB(21), { epoch: "e2" })],
  ["wrong ranks", deltaOf([{ action: "remove", symbol: "AAA" }])],
])) {
  test(`LIVE, delta with ${why}: one resync, then deltas are dropped until the snapshot`, () => {
    const viewer = live();

    viewer.frame(1, frame, 100);
    viewer.frame(1, frame, 110);
    viewer.frame(1, deltaOf(priceOfB(99)), 120);

    const messages = sent(viewer);
    assert.deepEqual(messages, [{ action: "resync", list: "winners", epoch: "e1", last_sequence: 1 }]);
    assert.deepEqual([viewer.state, listOf(viewer).rows[1].price], ["SYNCING", 20]);
    viewer.frame(1, snapshotOf(ROWS, { sequence: 7 }), 130);
    assert.deepEqual([viewer.state, listOf(viewer).sequence], ["LIVE", 7]);
  });
}

test("within an epoch the sequence never falls: an older snapshot is dropped", () => {
  const viewer = live();
  viewer.frame(1, deltaOf(priceOfB(21)), 100);

  viewer.frame(1, snapshotOf(ROWS, { sequence: 1 }), 200);

  assert.deepEqual([listOf(viewer).sequence, listOf(viewer).rows[1].price], [2, 21]);
});

test("a snapshot of a new epoch is taken though its sequence is lower", () => {
  const viewer = live();
  viewer.frame(1, deltaOf(priceOfB(21)), 100);

  viewer.frame(1, snapshotOf(ROWS, { sequence: 0, epoch: "e2" }), 200);

  assert.deepEqual([listOf(viewer).epoch, listOf(viewer).sequence], ["e2", 0]);
});

test("LIVE, heartbeat ahead: once may be a race, twice in a row is a resync", () => {
  const viewer = live();

  viewer.frame(1, heartbeatOf({ winners: 2 }), 5_000);
  assert.deepEqual(sent(viewer), []);
  viewer.frame(1, heartbeatOf({ winners: 1 }), 10_000);
  viewer.frame(1, heartbeatOf({ winners: 2 }), 15_000);
  assert.deepEqual(sent(viewer), []);
  viewer.frame(1, heartbeatOf({ winners: 3 }), 20_000);

  assert.deepEqual(sent(viewer).map(({ action }) => action), ["resync"]);
});

test("LIVE, heartbeat with the checksum of the same state: nothing to do", () => {
  const viewer = live();

  viewer.frame(1, heartbeatOf({ winners: 1 }, { winners: checksum(ROWS) }), 5_000);

  assert.deepEqual([viewer.state, sent(viewer)], ["LIVE", []]);
});

test("LIVE, but twice not named by a heartbeat: the server does not follow it, so it is subscribed to again", () => {
  const viewer = live();

  viewer.frame(1, heartbeatOf({}), 5_000);
  const once = sent(viewer);
  viewer.frame(1, heartbeatOf({}), 10_000);

  assert.deepEqual(once, []);
  assert.deepEqual(sent(viewer).map(({ action, last_sequence }) => [action, last_sequence]), [["subscribe_list", 1]]);
  assert.equal(viewer.state, "SYNCING");
});

test("an answer that comes again says nothing about a list that was subscribed to anew since", () => {
  const viewer = connecting();
  viewer.frame(1, helloOf(), 0);
  const [{ id }] = sent(viewer);
  viewer.frame(1, snapshotOf(), 0);
  viewer.frame(1, heartbeatOf({}), 5_000);
  viewer.frame(1, heartbeatOf({}), 10_000);
  viewer.commands.length = 0;

  viewer.frame(1, { type: "subscribed", id, list: "winners", recovered: true }, 10_100);
  const before = viewer.state;
  tickThrough(viewer, 10_250, 15_000);

  assert.deepEqual([before, sent(viewer).map(({ action }) => action)], ["SYNCING", ["subscribe_list"]]);
});

test("LIVE, heartbeat with another checksum: resync", () => {
  const viewer = live();

  viewer.frame(1, heartbeatOf({ winners: 1 }, { winners: 1 }), 5_000);

  assert.equal(viewer.state, "SYNCING");
  assert.deepEqual(sent(viewer).map(({ action }) => action), ["resync"]);
});

test("a checksum of another sequence than ours says nothing", () => {
  const viewer = live();

  viewer.frame(1, heartbeatOf({ winners: 2 }, { winners: 1 }), 5_000);

  assert.equal(viewer.state, "LIVE");
});

test("SYNCING, 5 s without an answer: resync twice, and the third time the connection is given up", () => {
  const viewer = connecting();
  viewer.frame(1, helloOf(), 0);
  viewer.commands.length = 0;
  const asked = [];

  for (let now = 250; now <= 15_000; now += 250) {
    if (now % 5_000 === 0) viewer.frame(1, heartbeatOf({ winners: 0 }), now);
    viewer.tick(now);
    asked.push(...viewer.commands.splice(0).map((command) => [command.kind, now]));
  }

  assert.deepEqual(asked, [["send", 5_000], ["send", 10_000], ["close", 15_000]]);
  assert.equal(viewer.state, "DOWN");
});

test("frames and closings of an older socket are dropped", () => {
  const viewer = live();
  viewer.closed(1, 4000, "slow", 1_000);
  viewer.tick(3_000);

  viewer.frame(1, helloOf(["losers"]), 3_100);
  viewer.closed(1, 4501, "", 3_100);

  assert.equal(viewer.state, "CONNECTING");
  assert.deepEqual([...viewer.lists.keys()], ["winners"]);
});

test("SYNCING, 5 s without a word about a subscription: it is asked for again, as nobody resyncs a stranger", () => {
  const viewer = connecting();
  viewer.frame(1, helloOf(), 0);
  const [asked] = sent(viewer);

  tickThrough(viewer, 250, 5_000);

  assert.deepEqual(sent(viewer), [asked]);
});

test("a server without lists is asked for a sign of life, as who asks for nothing is sent away", () => {
  const viewer = connecting();

  viewer.frame(1, helloOf([]), 0);

  assert.deepEqual(sent(viewer), [{ action: "ping" }]);
});

test("12 s of silence are STALE, any frame ends it, and 15 s start anew", () => {
  const viewer = live();

  tickThrough(viewer, 250, 11_750);
  assert.equal(viewer.state, "LIVE");
  viewer.tick(12_000);
  assert.equal(viewer.state, "STALE");
  viewer.frame(1, { type: "something new" }, 12_100);
  assert.equal(viewer.state, "LIVE");
  tickThrough(viewer, 12_250, 27_000);
  assert.equal(viewer.state, "STALE");
  viewer.tick(27_100);

  assert.equal(viewer.state, "DOWN");
  assert.deepEqual(viewer.commands, [{ kind: "close", socket: 1 }]);
});

test("a server that accepts and says nothing is left after 15 s", () => {
  const viewer = connecting();

  tickThrough(viewer, 250, 15_000);

  assert.equal(viewer.state, "DOWN");
});

for (const code of [1006, 1012, 1013, 4000, 4001, 4002, 4003, 4499]) {
  test(`closed with ${code}: it comes back`, () => {
    const viewer = live();

    viewer.closed(1, code, "", 1_000);
    assert.equal(viewer.state, "DOWN");
    viewer.tick(2_000);

    assert.equal(viewer.state, "CONNECTING");
  });
}

for (const code of [4500, 4501, 4503, 4504, 4999]) {
  test(`closed with ${code}: HALTED with a reason, for good`, () => {
    const viewer = live();

    viewer.closed(1, code, "", 1_000);
    tickThrough(viewer, 1_250, 60_000);
    viewer.wake(60_000);
    viewer.retry(60_000);

    assert.equal(viewer.state, "HALTED");
    assert.ok(viewer.halted);
    assert.deepEqual(viewer.commands, []);
  });
}

test("the wait has full jitter: up to 2 s at first, doubling up to 20 s", () => {
  const viewer = connecting(() => 0.999_999);
  const waits = [];
  let now = 0;

  for (let attempt = 0; attempt < 6; attempt += 1) {
    viewer.closed(viewer.socket, 1006, "", now);
    waits.push(Math.round(viewer.retryAt - now));
    now = viewer.retryAt;
    viewer.tick(now);
  }

  assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
});

test("a connection that was good for 30 s resets the wait", () => {
  const viewer = connecting(() => 0.999_999);
  viewer.closed(1, 1006, "", 0);
  viewer.tick(2_000);
  viewer.frame(2, helloOf(), 2_000);

  viewer.closed(2, 1006, "", 33_000);

  assert.equal(Math.round(viewer.retryAt - 33_000), 2_000);
});

test("a server that says how long it will be away is given that long", () => {
  const viewer = live();

  viewer.frame(1, { type: "bye", reason: "restarting", retry_after_ms: 3_000 }, 1_000);
  viewer.closed(1, 1012, "", 1_000);

  assert.equal(viewer.retryAt, 1_000 + 3_000 + 1_000);
  assert.equal(viewer.reason, "restarting");
});

test("after sleep it reconnects at once", () => {
  const viewer = live();

  viewer.wake(1_000);

  assert.deepEqual(viewer.commands.map(({ kind, socket }) => [kind, socket]), [["close", 1], ["open", 2]]);
});

test("a timer that was held up for a while does not make a false STALE", () => {
  const viewer = live();

  viewer.tick(13_000);

  assert.equal(viewer.state, "LIVE");
});

test("a protocol it does not speak: HALTED", () => {
  const viewer = connecting();

  viewer.frame(1, helloOf(["winners"], { protocol: 2 }), 0);

  assert.equal(viewer.state, "HALTED");
});

test("a deleted list goes, and comes back when it is named again", () => {
  const viewer = live();

  viewer.frame(1, { type: "unsubscribed", list: "winners", reason: "deleted" }, 100);
  viewer.frame(1, deltaOf(priceOfB(21)), 110);
  assert.equal(viewer.lists.size, 0);
  viewer.frame(1, { type: "status", feed: "live", session: "MARKET_OPEN", lists: helloOf().lists }, 200);

  assert.deepEqual(sent(viewer).map(({ action }) => action), ["subscribe_list"]);
});

test("a list the server does not know is not asked for again", () => {
  const viewer = connecting();
  viewer.frame(1, helloOf(), 0);
  const [{ id }] = sent(viewer);

  viewer.frame(1, { type: "error", id, code: "unknown_list", message: "" }, 100);
  tickThrough(viewer, 250, 11_000);

  assert.deepEqual(sent(viewer), []);
});
