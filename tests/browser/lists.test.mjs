/** Lists that come, change and go while the page looks on, and as many of them as a server may have. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Viewer } from "../../static/viewer.js";
import { deltaOf, heartbeatOf, helloOf, priceOfB, ROWS, snapshotOf } from "./states.mjs";

const MANY = Array.from({ length: 111 }, (_, index) => `list_${index}`);
const LIMITS = { message_bytes: 4_096, messages_per_second: 20, message_burst: 64, lists: 128 };

/** The server's own measure: 64 messages at once, 20 a second, what goes beyond is dropped with a complaint. */
class StrictServer {
  constructor({ messages_per_second, message_burst } = LIMITS) {
    this.rate = messages_per_second;
    this.burst = message_burst;
    this.allowance = message_burst;
    this.heardAt = 0;
    this.refused = 0;
    /** @type {any[]} */
    this.heard = [];
  }

  /**
   * @param {Viewer} viewer
   * @param {number} now
   */
  hear(viewer, now) {
    this.allowance = Math.min(this.burst, this.allowance + ((now - this.heardAt) / 1_000) * this.rate);
    this.heardAt = now;
    const messages = sent(viewer);
    for (const message of messages) {
      if (this.allowance < 1) this.refused += 1;
      else {
        this.allowance -= 1;
        this.heard.push(message);
      }
    }
    return messages;
  }
}

/** @param {Viewer} viewer */
function sent(viewer) {
  const commands = /** @type {any[]} */ (viewer.commands.splice(0));
  return commands.filter(({ kind }) => kind === "send").map(({ message }) => message);
}

/** @param {any} hello */
function greeted(hello = { ...helloOf(), limits: LIMITS }) {
  const viewer = new Viewer(() => 0.5);
  viewer.connect(0);
  viewer.commands.length = 0;
  viewer.frame(1, hello, 0);
  return viewer;
}

/** A viewer whose one list is LIVE at sequence 1. */
function live() {
  const viewer = greeted();
  const [{ id }] = sent(viewer);
  viewer.frame(1, { type: "subscribed", id, list: "winners", recovered: false }, 0);
  viewer.frame(1, snapshotOf(), 0);
  viewer.commands.length = 0;
  viewer.news.length = 0;
  return viewer;
}

/** @param {any[]} lists */
function statusOf(lists) {
  return { type: "status", feed: "live", session: "MARKET_OPEN", lists };
}

/**
 * @param {Viewer} viewer
 * @param {StrictServer} server
 * @param {number} until
 */
function answering(viewer, server, until) {
  for (let now = 0; now <= until; now += 250) {
    if (now > 0) viewer.tick(now);
    for (const { list } of server.hear(viewer, now)) viewer.frame(1, { ...snapshotOf(), list }, now);
  }
}

test("111 lists are asked for as fast as the server allows, each once, and none is refused", () => {
  const server = new StrictServer();
  const viewer = greeted({ ...helloOf(MANY), limits: LIMITS });

  answering(viewer, server, 4_000);

  assert.equal(server.refused, 0);
  assert.deepEqual(server.heard.map(({ list }) => list), MANY);
  assert.equal(viewer.state, "LIVE");
});

test("a doubt about all of 111 lists at once is asked about at the same pace", () => {
  const server = new StrictServer();
  const viewer = greeted({ ...helloOf(MANY), limits: LIMITS });
  answering(viewer, server, 10_000);
  server.heard.length = 0;

  viewer.frame(1, heartbeatOf(Object.fromEntries(MANY.map((name) => [name, 1])),
    Object.fromEntries(MANY.map((name) => [name, 1]))), 10_000);
  for (let now = 10_000; now <= 14_000; now += 250) {
    viewer.tick(now);
    server.hear(viewer, now);
  }

  assert.equal(server.refused, 0);
  assert.deepEqual(new Set(server.heard.map(({ action }) => action)), new Set(["resync"]));
  assert.equal(server.heard.length, 111);
});

test("a server that allows less is asked less", () => {
  const strict = { ...LIMITS, messages_per_second: 4, message_burst: 8 };
  const server = new StrictServer(strict);
  const viewer = greeted({ ...helloOf(MANY.slice(0, 30)), limits: strict });

  answering(viewer, server, 9_000);

  assert.deepEqual([server.refused, server.heard.length, viewer.state], [0, 30, "LIVE"]);
});

test("a list that waits for its turn is not taken for one that nobody answers", () => {
  const slow = { ...LIMITS, messages_per_second: 1, message_burst: 2 };
  const viewer = greeted({ ...helloOf(["winners", "losers", ...MANY.slice(0, 10)]), limits: slow });
  const asked = [];

  for (let now = 0; now <= 12_000; now += 250) {
    viewer.tick(now);
    for (const message of sent(viewer)) {
      asked.push(message.action);
      viewer.frame(1, { ...snapshotOf(), list: message.list }, now);
    }
  }

  assert.deepEqual([new Set(asked), viewer.open], [new Set(["subscribe_list"]), true]);
});

test("what waits to be said is forgotten with its connection", () => {
  const viewer = greeted({ ...helloOf(MANY), limits: LIMITS });
  viewer.commands.length = 0;

  viewer.closed(1, 1006, "", 100);
  viewer.tick(3_000);
  viewer.frame(2, { ...helloOf(["winners"]), limits: LIMITS }, 3_000);

  assert.deepEqual(sent(viewer).map(({ list }) => list), ["winners"]);
});

test("of more lists than a connection may follow the first ones are followed, and all are named", () => {
  const names = Array.from({ length: 140 }, (_, index) => `list_${index}`);
  const server = new StrictServer();
  const viewer = greeted({ ...helloOf(names), limits: LIMITS });

  answering(viewer, server, 10_000);

  const named = /** @type {any[]} */ (viewer.news).find(({ kind }) => kind === "lists");
  assert.deepEqual([server.heard.length, viewer.state, named.lists.length], [128, "LIVE", 140]);
});

test("when a followed list goes, one that had no place gets it", () => {
  const few = { ...LIMITS, lists: 2 };
  const viewer = greeted({ ...helloOf(["a", "b", "c"]), limits: few });
  sent(viewer);

  viewer.frame(1, { type: "unsubscribed", id: null, list: "a", reason: "deleted" }, 100);
  viewer.frame(1, statusOf(helloOf(["b", "c"]).lists), 100);

  assert.deepEqual(sent(viewer).map(({ list }) => list), ["c"]);
});

test("a list the server has no place for is shown without rows, and the connection goes on", () => {
  const viewer = greeted({ ...helloOf(["winners", "losers"]), limits: LIMITS });
  const [, { id }] = sent(viewer);
  viewer.frame(1, snapshotOf(), 10);

  viewer.frame(1, { type: "error", id, code: "too_many", message: "" }, 20);
  for (let now = 250; now <= 20_000; now += 250) {
    if (now % 5_000 === 0) viewer.frame(1, heartbeatOf({ winners: 1 }), now);
    viewer.tick(now);
  }

  assert.deepEqual([viewer.state, sent(viewer)], ["LIVE", []]);
  assert.equal(/** @type {any[]} */ (viewer.news).some(({ kind }) => kind === "gone"), false);
});

test("a list that is new is asked for alone; the others go on as they are", () => {
  const viewer = live();

  viewer.frame(1, statusOf(helloOf(["winners", "mine"]).lists), 100);
  viewer.frame(1, deltaOf(priceOfB(21)), 110);

  assert.deepEqual(sent(viewer).map(({ action, list }) => [action, list]), [["subscribe_list", "mine"]]);
  assert.deepEqual([viewer.lists.get("winners")?.state, viewer.lists.get("winners")?.sequence], ["LIVE", 2]);
});

test("a list that is described anew is named so, and its snapshot with other columns is taken in its stride", () => {
  const viewer = live();
  const described = { name: "winners", title: "Best", size: 5, columns: ["rvol"] };

  viewer.frame(1, statusOf([described]), 100);
  viewer.frame(1, snapshotOf([{ rank: 1, symbol: "AAA", rvol: 3 }], { sequence: 2 }), 110);

  assert.deepEqual(sent(viewer), []);
  assert.deepEqual(/** @type {any[]} */ (viewer.news).find(({ kind }) => kind === "lists").lists, [described]);
  assert.deepEqual(viewer.lists.get("winners")?.rows, [{ rank: 1, symbol: "AAA", rvol: 3 }]);
  assert.equal(viewer.state, "LIVE");
});

test("a list that is deleted and made again starts from nothing, and counts on", () => {
  const viewer = live();

  viewer.frame(1, { type: "unsubscribed", id: null, list: "winners", reason: "deleted" }, 100);
  viewer.frame(1, statusOf([]), 100);
  viewer.frame(1, statusOf(helloOf().lists), 200);
  const [{ action, list, epoch, id }] = sent(viewer);
  viewer.frame(1, { type: "subscribed", id, list: "winners", recovered: false }, 210);
  viewer.frame(1, snapshotOf([], { sequence: 2 }), 210);
  viewer.frame(1, deltaOf([{ action: "add", rank: 1, symbol: "ZZZ", data: { price: 1 } }], { prev: 2 }), 220);

  assert.deepEqual([action, list, epoch], ["subscribe_list", "winners", undefined]);
  assert.deepEqual(viewer.lists.get("winners")?.rows, [{ rank: 1, symbol: "ZZZ", price: 1 }]);
  assert.deepEqual(
    /** @type {any[]} */ (viewer.news).filter(({ kind }) => kind === "gone").map(({ list }) => list), ["winners"]);
});

test("a list that went before its turn to be asked for came is not asked for", () => {
  const viewer = greeted({ ...helloOf(MANY), limits: LIMITS });
  const asked = new Set(sent(viewer).map(({ list }) => list));
  const waiting = MANY.filter((name) => !asked.has(name));

  viewer.frame(1, statusOf(helloOf(MANY.filter((name) => name !== waiting[3])).lists), 100);
  for (let now = 250; now <= 4_500; now += 250) {
    viewer.tick(now);
    for (const { list } of sent(viewer)) asked.add(list);
  }

  assert.deepEqual([asked.size, asked.has(String(waiting[3]))], [110, false]);
});

test("the refusal of a request from before the list was made again says nothing about the new one", () => {
  const viewer = greeted();
  const [{ id }] = sent(viewer);

  viewer.frame(1, statusOf([]), 100);
  viewer.frame(1, statusOf(helloOf().lists), 110);
  viewer.frame(1, { type: "error", id, code: "unknown_list", message: "" }, 120);
  viewer.frame(1, snapshotOf(ROWS, { sequence: 4 }), 130);

  assert.deepEqual([viewer.state, viewer.lists.get("winners")?.sequence], ["LIVE", 4]);
});

test("the answer to a request from before the list was made again says nothing about the new one", () => {
  const viewer = greeted();
  const [{ id }] = sent(viewer);
  viewer.frame(1, statusOf([]), 100);
  viewer.frame(1, statusOf(helloOf().lists), 110);
  const [anew] = sent(viewer);

  viewer.frame(1, { type: "subscribed", id, list: "winners", recovered: false }, 120);
  for (let now = 250; now <= 5_250; now += 250) viewer.tick(now);

  assert.deepEqual(sent(viewer), [anew]);
});

test("frames of kinds nobody told it about change nothing, whatever they name", () => {
  const viewer = live();

  viewer.frame(1, { type: "rumour", id: 1, rule: "mine", symbol: "AAA", list: "winners", text: "", data: {} }, 100);
  viewer.frame(1, { type: "toString", list: "constructor" }, 110);

  assert.deepEqual([viewer.state, viewer.news, viewer.commands], ["LIVE", [], []]);
});
