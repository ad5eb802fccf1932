/** What a panel shows of its rows: their order, what holds them, and the small lines beside them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { noteOf } from "../../static/list_panel.js";
import { Holding, pinnedFirst, sorted } from "../../static/row_order.js";
import { HEIGHT_PX, shapeOf, Sparks, WIDTH_PX } from "../../static/sparks.js";

const rows = [["A", 5], ["B", null], ["C", 9], ["D", 5]].map(([symbol, price], index) => {
  return { rank: index + 1, symbol: String(symbol), price };
});
const names = (/** @type {readonly {symbol: string}[]} */ list) => list.map(({ symbol }) => symbol).join("");
const nobody = () => false;

test("rows stand by rank, or by a column either way with what is unknown last and equals by rank", () => {
  assert.equal(names(sorted(rows, undefined)), "ABCD");
  assert.equal(names(sorted(rows, { column: "price", descending: true })), "CADB");
  assert.equal(names(sorted(rows, { column: "price", descending: false })), "ADCB");
  assert.equal(names(sorted(rows, { column: "symbol", descending: true })), "DCBA");
  assert.equal(names(rows), "ABCD");
});

test("pinned rows stand on top in the order they have among themselves", () => {
  const order = pinnedFirst(rows, (symbol) => symbol === "D" || symbol === "C");

  assert.equal(names(order.rows), "CDAB");
  assert.equal(order.pinned, 2);
});

test("while rows are held values go on and places do not, who left is marked, who came waits", () => {
  const holding = new Holding();
  holding.hold(pinnedFirst(rows, nobody));
  const moved = [{ rank: 1, symbol: "C", price: 10 }, { rank: 2, symbol: "E", price: 1 }, { rank: 3, symbol: "A", price: 6 },
    { rank: 4, symbol: "D", price: 5 }];
  const shown = holding.shown(pinnedFirst(moved, nobody));
  holding.release();
  const after = holding.shown(pinnedFirst(moved, nobody));

  assert.equal(names(shown.rows), "ABCD");
  assert.equal(shown.rows[0]?.price, 6);
  assert.deepEqual([...shown.gone], ["B"]);
  assert.equal(shown.waiting, 1);
  assert.equal(names(after.rows), "CEAD");
});

test("that rows are held is said, unless they are old, which is worse", () => {
  const list = /** @type {any} */ ({ name: "winners", epoch: "e", state: "LIVE", timestamp: 1_000 });

  assert.equal(noteOf(list, "MARKET_OPEN"), "");
  assert.equal(noteOf(list, "MARKET_OPEN", 0), "held");
  assert.equal(noteOf(list, "MARKET_OPEN", 3), "held · 3 new");
  assert.equal(noteOf({ ...list, state: "SYNCING" }, "MARKET_OPEN", 3), "catching up");
  assert.equal(noteOf(list, "CLOSED", 3), "as of the close");
});

const answer = (/** @type {any} */ points, as_of = 600_000) => ({ step_ms: 15_000, as_of, rows: { A: points } });

test("a line goes on from the server's points with the prices that come", () => {
  const sparks = new Sparks(4);
  sparks.take(answer([1, 2, 3, 4]));
  sparks.add("A", 5, 610_000);
  assert.deepEqual(sparks.lines.get("A")?.points, [1, 2, 3, 5]);
  sparks.add("A", 6, 645_000);
  assert.deepEqual(sparks.lines.get("A")?.points, [5, 5, 5, 6]);
  sparks.add("A", 9, 610_000);
  assert.deepEqual(sparks.lines.get("A")?.points, [5, 5, 5, 6]);
});

test("prices that came before the answer are not lost to it", () => {
  const sparks = new Sparks(4);
  sparks.add("A", 7, 630_000);
  sparks.take(answer([1, 2, 3, 4]));

  assert.deepEqual(sparks.lines.get("A")?.points, [3, 4, 4, 7]);
});

test("lines of whoever is in no list any more are dropped", () => {
  const sparks = new Sparks();
  for (let number = 0; number < 500; number += 1) sparks.add(`S${number}`, 1, 0);
  sparks.keepOnly((symbol) => symbol === "S7");

  assert.deepEqual([...sparks.lines.keys()], ["S7"]);
});

test("a line is drawn within its box, by its range, and by direction; one point is none", () => {
  const { points, tone } = shapeOf([null, 1, 3, 2], 4);
  const corners = points.split(" ").map((corner) => corner.split(",").map(Number));

  assert.equal(tone, "up");
  assert.equal(corners.length, 3);
  assert.ok(corners.every(([x = -1, y = -1]) => x >= 0 && x <= WIDTH_PX && y >= 0 && y <= HEIGHT_PX));
  assert.equal(corners[1]?.[1], 1);
  assert.equal(shapeOf([2, 1], 4).tone, "down");
  assert.equal(shapeOf([2, 2], 4).tone, "");
  assert.equal(shapeOf([null, 2], 4).points, "");
});

test("a move too small to be seen writes nothing new", () => {
  const base = [10, 20, 15];

  assert.equal(shapeOf([...base, 15.01], 60).points, shapeOf([...base, 15.02], 60).points);
});
