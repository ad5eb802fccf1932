/** The shell around the viewer: it opens, sends, closes and passes on, and does nothing of its own. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Connection } from "../../static/connection.js";
import { helloOf, snapshotOf } from "./states.mjs";

class ScriptedSocket {
  /** @param {string} address */
  constructor(address) {
    this.address = address;
    this.readyState = 1;
    this.closedByUs = false;
    /** @type {any[]} */
    this.sent = [];
    /** @type {(event: {data: unknown}) => void} */
    this.onmessage = () => {};
    /** @type {(event: {code: number, reason: string}) => void} */
    this.onclose = () => {};
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closedByUs = true;
    this.readyState = 2;
  }

  /** @param {object} frame */
  says(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

function scripted() {
  const world = { now: 0, wall: 1_000_000, tick: () => {}, stopped: false };
  /** @type {ScriptedSocket[]} */
  const sockets = [];
  /** @type {any[]} */
  const news = [];
  const connection = new Connection("ws://page/ws/scanner?protocol=1", (item) => news.push(item), {
    now: () => world.now,
    wall: () => world.wall + world.now,
    every: (_, act) => {
      world.tick = act;
      return () => {
        world.stopped = true;
      };
    },
    random: () => 0.5,
    socketTo: (address) => {
      const socket = new ScriptedSocket(address);
      sockets.push(socket);
      return /** @type {any} */ (socket);
    },
  });
  connection.start();
  return { connection, world, sockets, news };
}

test("a hello is answered by subscribing, and rows become news", () => {
  const { sockets, news, connection } = scripted();

  sockets[0].says(helloOf());
  sockets[0].says(snapshotOf());

  assert.equal(sockets[0].address, "ws://page/ws/scanner?protocol=1");
  assert.deepEqual(sockets[0].sent.map(({ action, list }) => [action, list]), [["subscribe_list", "winners"]]);
  assert.deepEqual(news.map(({ kind }) => kind), ["hello", "lists", "rows"]);
  assert.equal(connection.viewer.state, "LIVE");
});

test("what is not a frame is ignored", () => {
  const { sockets, connection } = scripted();

  for (const data of ["{", "[]", "null", "7", new ArrayBuffer(4)]) sockets[0].onmessage({ data });

  assert.equal(connection.viewer.state, "CONNECTING");
});

test("a lost connection is opened anew after the wait, and the old socket is not listened to", () => {
  const { sockets, world, connection } = scripted();
  sockets[0].says(helloOf());

  sockets[0].onclose({ code: 1006, reason: "" });
  world.now = 1_000;
  world.tick();
  sockets[0].says(snapshotOf());

  assert.equal(sockets.length, 2);
  assert.equal(connection.viewer.state, "CONNECTING");
});

test("a silent server's socket is closed by us", () => {
  const { sockets, world } = scripted();

  for (world.now = 0; world.now <= 15_000; world.now += 250) world.tick();

  assert.equal(sockets[0].closedByUs, true);
});

test("when the wall clock ran on while the timer slept, it reconnects at once", () => {
  const { sockets, world } = scripted();
  sockets[0].says(helloOf());

  world.wall += 3_600_000;
  world.tick();

  assert.equal(sockets[0].closedByUs, true);
  assert.equal(sockets.length, 2);
});

test("a window that comes back does not sit out the wait, and leaves a good connection alone", () => {
  const { sockets, connection } = scripted();
  connection.retry();
  assert.equal(sockets.length, 1);
  sockets[0].onclose({ code: 1006, reason: "" });

  connection.retry();

  assert.equal(sockets.length, 2);
});

test("stopping ends the timer and the socket", () => {
  const { sockets, world, connection } = scripted();

  connection.stop();

  assert.deepEqual([sockets[0].closedByUs, world.stopped], [true, true]);
});
