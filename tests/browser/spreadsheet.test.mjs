/** What is seen as CSV: complete, and harmless wherever it is opened. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { csvOf } from "../../static/spreadsheet.js";

test("numbers stay numbers, the unknown is an empty cell", () => {
  assert.equal(csvOf([["rank", "price"], [1, -0.5], [2, null]]), "rank,price\r\n1,-0.5\r\n2,\r\n");
});

test("no text is taken for a formula", () => {
  for (const beginning of ["=", "+", "-", "@", "\t"]) {
    assert.equal(csvOf([[`${beginning}1+1`]]), `'${beginning}1+1\r\n`);
  }
  assert.equal(csvOf([["\r=1"]]), "\"'\r=1\"\r\n");
});

test("commas, quotes and line ends stay within their cell", () => {
  assert.equal(csvOf([['O\'Neil, "S" & <b>', "two\nlines"]]), '"O\'Neil, ""S"" & <b>","two\nlines"\r\n');
});
