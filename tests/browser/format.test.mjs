/** Values as a trader reads them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../../static/format.js";

/** @type {[keyof typeof format, any[], string][]} */
const CASES = [
  ["price", [12.3456], "12.35"],
  ["price", [0.93461], "0.9346"],
  ["price", [1], "1.00"],
  ["signedPercent", [2], "+2.00%"],
  ["signedPercent", [-2.345], "-2.35%"],
  ["signedPercent", [0], "0.00%"],
  ["signedPercent", [-0.001], "0.00%"],
  ["signedPercent", [0.001], "0.00%"],
  ["signedPercent", [123.456], "+123.5%"],
  ["signedPercent", [1834.2], "+1834%"],
  ["percent", [99.123], "99.12%"],
  ["signedPrice", [0.5], "+0.5000"],
  ["signedPrice", [-3.2], "-3.20"],
  ["shares", [0], "0"],
  ["shares", [950], "950"],
  ["shares", [12_345], "12.3K"],
  ["shares", [999_950], "1.00M"],
  ["shares", [1_240_000], "1.24M"],
  ["shares", [124_000_000], "124M"],
  ["shares", [2.5e9], "2.50B"],
  ["money", [1_240_000], "$1.24M"],
  ["ratio", [3.214], "3.21"],
  ["rvol", [3.214, "exact"], "3.21"],
  ["rvol", [3.214, "curve"], "~3.21"],
  ["rvol", [999], "999"],
  ["rvol", [1_000.5], ">999"],
  ["rvol", [5_000, "curve"], "~>999"],
  ["rvol", [null, "none"], format.UNKNOWN],
  ["count", [7], "7"],
  ["score", [83.4512], "83.5"],
  ["newYorkTime", [Date.UTC(2026, 2, 18, 13, 31, 5)], "09:31:05"],
  ["newYorkTime", [Date.UTC(2026, 0, 15, 14, 31, 5)], "09:31:05"],
  ["newYorkTime", [Date.UTC(2026, 0, 15, 5, 0, 0)], "00:00:00"],
  ["newYorkDay", [Date.UTC(2026, 2, 18, 13)], "Wed, Mar 18"],
  ["age", [2_300], "2 s"],
  ["age", [-5], "0 s"],
  ["age", [61_000], "1 min"],
  ["age", [7_200_000], "2 h"],
  ["countdown", [57], "00:57"],
  ["countdown", [56.2], "00:57"],
  ["countdown", [23_337], "6:28:57"],
  ["countdown", [-1], "00:00"],
  ["flag", [true], "yes"],
  ["flag", [null], format.UNKNOWN],
  ["text", ["NYSE"], "NYSE"],
];

for (const [name, values, expected] of CASES) {
  test(`${name} of ${values.join(", ")} reads ${expected}`, () => {
    assert.equal(/** @type {Function} */ (format[name])(...values), expected);
  });
}

for (const name of /** @type {const} */ ([
  "price", "percent", "signedPercent", "signedPrice", "shares", "money", "ratio", "rvol", "count", "score",
  "newYorkTime", "age", "countdown", "text",
])) {
  test(`${name} of what is unknown is never 0`, () => {
    assert.equal(format[name](null), format.UNKNOWN);
    assert.equal(format[name](undefined), format.UNKNOWN);
  });
}
