/** The viewer against a server whose frames get lost, repeated and reordered. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { checksum } from "../../static/rankings.js";
import { Viewer } from "../../static/viewer.js";
import { deltaOf, dice, differenceOf, heartbeatOf, helloOf, randomRows, snapshotOf } from "./states.mjs";

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
 * @param {any[]} rows
 * @param {() => number} random
 */
function repriced(rows, random) {
  return rows.map((row) => (random() < 0.3 ? { ...row, price: Math.round(random() * 1e6) / 1e4 } : row));
}

/**
 * A server that keeps its own state, answers what it is asked, and loses, repeats and reorders a share of its frames.
 * @param {() => number} random
 * @param {number} loss
 */
function faultyServer(random, loss) {
  let sequence = 0;
  /** @type {any[]} */
  let rows = [];
  /** @type {any[]} */
  let delayed = [];
  return {
    rows: () => rows,
    sequence: () => sequence,
    step() {
      // A lost change of values fits the ranks that follow it, so only prev can tell.
      const next = random() < 0.7 ? repriced(rows, random) : randomRows(random, rows);
      const deltas = differenceOf(rows, next);
      if (deltas.length === 0) return [];
      rows = next;
      sequence += 1;
      const delta = deltaOf(deltas, { prev: sequence - 1 });
      if (random() < loss) {
        if (random() < 0.5) delayed.push(delta);
        return [];
      }
      const frames = random() < loss ? [delta, delta, ...delayed] : [delta];
      delayed = frames.length > 1 ? [] : delayed;
      return frames;
    },
    answer: () => snapshotOf(rows, { sequence }),
    heartbeat: () => heartbeatOf({ winners: sequence }, { winners: checksum(rows) }),
  };
}

test("LIVE is equal to the server's state at that sequence; two heartbeats after the last fault all is healed", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = dice(seed);
    const server = faultyServer(random, 0.2);
    /** @type {Map<number, any[]>} */
    const history = new Map([[0, []]]);
    const viewer = new Viewer(random);
    viewer.connect(0);
    let now = 0;
    let highest = 0;
    let asked = 0;
    const serve = (/** @type {any[]} */ frames) => {
      const answers = Array.from({ length: asked }, server.answer);
      for (const frame of [...frames, ...answers]) viewer.frame(viewer.socket, frame, now);
      asked = sent(viewer).length;
      const { state, rows, sequence } = listOf(viewer);
      assert.ok(sequence >= highest, `seed ${seed}: the sequence fell`);
      highest = sequence;
      if (state === "LIVE") assert.deepEqual([...rows], history.get(sequence), `seed ${seed} at ${sequence}`);
    };
    serve([helloOf()]);
    for (let step = 0; step < 60; step += 1) {
      now += 100;
      const frames = server.step();
      history.set(server.sequence(), server.rows());
      serve(frames);
    }
    serve([server.heartbeat()]);
    serve([server.heartbeat()]);
    serve([]);

    assert.deepEqual([...listOf(viewer).rows], server.rows(), `seed ${seed}`);
    assert.equal(viewer.state, "LIVE");
  }
});
