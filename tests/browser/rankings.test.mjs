/** Rows as values: deltas are sets, and what does not end in ranks 1..n changes nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { applied, checksum, crc32, ranked, Refused } from "../../static/rankings.js";
import { deltaOf, dice, differenceOf, randomRows, ROWS, shuffled } from "./states.mjs";

/** CRC-32 bit by bit, from its definition. @param {string} text */
function plainCrc(text) {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test("a delta between any two states, in any order, leads from the one to the other", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = dice(seed);
    const before = randomRows(random);
    const after = randomRows(random, before);
    const delta = deltaOf(shuffled(differenceOf(before, after), random));

    assert.deepEqual([...applied(ranked(before), delta).rows], after, `seed ${seed}`);
  }
});

test("the rows a delta was applied to stay as they were", () => {
  const before = ranked(ROWS);
  const copy = structuredClone([...before]);

  const update = { action: "update", symbol: "AAA", data: { price: 11 } };

  applied(before, deltaOf([{ action: "remove", symbol: "CCC" }, update]));

  assert.deepEqual([...before], copy);
});

test("null in an update makes a value unknown and leaves the others", () => {
  const { rows } = applied(ROWS, deltaOf([{ action: "update", symbol: "AAA", data: { price: null } }]));

  assert.equal(rows[0].price, null);
  assert.equal(rows[1].price, 20);
});

for (const [why, deltas] of /** @type {[string, any[]][]} */ ([
  ["a gap in the ranks", [{ action: "remove", symbol: "AAA" }]],
  ["a rank held twice", [{ action: "rerank", symbol: "AAA", old_rank: 1, new_rank: 2 }]],
  ["an update of a stranger", [{ action: "update", symbol: "ZZZ", data: { price: 1 } }]],
  ["a removal of a stranger", [{ action: "remove", symbol: "ZZZ" }]],
  ["a second arrival", [{ action: "add", symbol: "AAA", rank: 4, data: {} }]],
  ["another old rank", [
    { action: "rerank", symbol: "AAA", old_rank: 2, new_rank: 2 },
    { action: "rerank", symbol: "BBB", old_rank: 2, new_rank: 1 },
  ]],
  ["an unknown action", [{ action: "swap", symbol: "AAA" }]],
  ["an arrival without a rank", [{ action: "add", symbol: "ZZZ", data: {} }]],
])) {
  test(`a delta with ${why} is refused`, () => {
    assert.throws(() => applied(ROWS, deltaOf(deltas)), Refused);
  });
}

test("a delta shorter or longer than its change_count is refused", () => {
  const delta = { ...deltaOf([{ action: "remove", symbol: "CCC" }]), change_count: 2 };

  assert.throws(() => applied(ROWS, delta), Refused);
});

test("a snapshot with a symbol twice is refused", () => {
  assert.throws(() => ranked([{ rank: 1, symbol: "A" }, { rank: 2, symbol: "A" }]), Refused);
});

test("places pushed aside by an arrival are no shift; overtaking is", () => {
  const rows = ["A", "B", "C", "D"].map((symbol, index) => ({ rank: index + 1, symbol }));
  const { changes } = applied(
    rows,
    deltaOf([
      { action: "add", symbol: "N", rank: 1, data: {} },
      { action: "rerank", symbol: "A", old_rank: 1, new_rank: 2 },
      { action: "rerank", symbol: "D", old_rank: 4, new_rank: 3 },
      { action: "rerank", symbol: "B", old_rank: 2, new_rank: 4 },
      { action: "rerank", symbol: "C", old_rank: 3, new_rank: 5 },
    ]),
  );

  const expected = [{ symbol: "D", places: 2 }, { symbol: "B", places: -1 }, { symbol: "C", places: -1 }];
  assert.deepEqual(changes.shifts, expected);
  assert.deepEqual(changes.added, ["N"]);
});

test("the CRC-32 of the check string is the published one", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("the checksum covers rank, symbol and price in ten-thousandths, with an unknown price empty", () => {
  assert.equal(checksum(ROWS), plainCrc("1:AAA:100000\n2:BBB:200000\n3:CCC:"));
  assert.equal(checksum([]), 0);
  assert.equal(checksum([{ rank: 1, symbol: "BRK.B", price: 1.005 }]), plainCrc("1:BRK.B:10050"));
});
