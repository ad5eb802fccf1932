/** What the builder makes of a form, of a list and of a refusal, before it touches the document. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, ask } from "../../static/api.js";
import { USUAL_COLUMNS } from "../../static/columns.js";
import {
  changesOf, definitionOf, matching, nameOf, nothingYet, placeOf, standingOf, suggestionIn, valuesOf, wordAt,
} from "../../static/definition.js";

const ENTRY = Object.freeze({
  name: "gappers_up", origin: "built_in", made: true, reason: "", title: "Gappers up", where: "gap_percent >= 2",
  keep: "", order: "gap_percent desc", size: 50, columns: [...USUAL_COLUMNS], sessions: [], global_filters: true,
  enabled: true, count: 12,
});
const FIELDS = ["price", "rvol", "rvol_guarded", "vwap", "change_percent", "gap_percent"].map((name) => {
  return { name, title: name === "gap_percent" ? "Gap" : name, format: "percent", meaning: "" };
});

test("a form that was hardly filled sends what it has and leaves the rest open", () => {
  const values = { ...nothingYet(), where: "  rvol > 5\n" };

  assert.deepEqual(definitionOf(values), {
    where: "rvol > 5", size: 50, keep: "", sessions: [], global_filters: true, enabled: true,
  });
});

test("rows with chosen columns still carry what marks them as halted and their volume as approximate", () => {
  const columnsOf = (/** @type {string[]} */ columns) => definitionOf({ ...nothingYet(), columns }).columns;

  assert.deepEqual(columnsOf(["price", "rvol_slot"]), ["price", "rvol_slot", "rvol_method", "halted"]);
  assert.deepEqual(columnsOf(["price"]), ["price", "halted"]);
});

test("a list is shown as it is: the usual columns are nobody's choice, marks are no columns, limits are texts", () => {
  assert.deepEqual(valuesOf(ENTRY).columns, []);
  assert.deepEqual(valuesOf({ ...ENTRY, columns: ["price", "halted"] }).columns, ["price"]);
  assert.equal(valuesOf(ENTRY).size, "50");
});

test("a list that is not made, and says little, still fills the form", () => {
  const bare = { title: null, where: null, keep: null, order: null, size: null, columns: null, sessions: null };

  const values = valuesOf({ ...ENTRY, ...bare, global_filters: null, made: false });

  assert.deepEqual(values, { ...nothingYet(), name: "gappers_up", size: "" });
});

test("of a built-in list only what was changed is sent, of others all, and nothing where nothing was changed", () => {
  const own = { ...ENTRY, origin: "user" };
  const before = definitionOf(valuesOf(ENTRY));
  const smaller = { ...before, size: 20 };
  const { title, ...untitled } = before;

  assert.equal(title, "Gappers up");
  assert.deepEqual(changesOf(ENTRY, smaller), { size: 20 });
  assert.deepEqual(changesOf(own, smaller), smaller);
  assert.deepEqual(changesOf(own, untitled), untitled);
  assert.deepEqual([ENTRY, own].map((entry) => changesOf(entry, before)), [null, null]);
  assert.equal(changesOf(ENTRY, untitled), null);
});

test("a title becomes a name that the server takes", () => {
  const titles = ["Low float runners", "  5% & más: ÑU ", "2x", "_a_", "!!", "x".repeat(40), "a".repeat(31) + " b"];

  assert.deepEqual(titles.map(nameOf), [
    "low_float_runners", "mas_nu", "x", "a", "", "x".repeat(32), "a".repeat(31),
  ]);
});

test("a place in a text is the word, number, string or sign that begins there", () => {
  const marked = (/** @type {string} */ text, /** @type {number} */ column) => {
    const { from, to } = placeOf(text, column);
    return text.slice(from, to);
  };

  assert.equal(marked("rvol > 5 and pric < 3", 14), "pric");
  assert.equal(marked("a >= 1.5", 3), ">=");
  assert.equal(marked("a > 1.5 x", 5), "1.5");
  assert.equal(marked("sector == 'Real estate' x", 11), "'Real estate'");
  assert.equal(marked("a $ b", 3), "$");
  assert.deepEqual(placeOf("a >", 4), { from: 3, to: 3 });
  assert.deepEqual(placeOf("a", 99), { from: 1, to: 1 });
});

test("the server's columns count characters, without what is blank before the text", () => {
  assert.deepEqual(placeOf("\n  pric > 1", 1), { from: 3, to: 7 });
  assert.deepEqual(placeOf("'😀' == pric", 8), { from: 8, to: 12 });
});

test("a suggestion is taken from the server's words", () => {
  assert.equal(suggestionIn("column 1: there is no field 'rvl'; did you mean 'rvol'?"), "rvol");
  assert.equal(suggestionIn("column 1: there is no field 'x'"), "");
});

test("the name being typed ends at the caret; a string, a number or the middle of a word is none", () => {
  const typed = (/** @type {string} */ text, caret = text.length) => {
    const { from, to } = wordAt(text, caret);
    return text.slice(from, to);
  };

  assert.equal(typed("price > 5 and rv"), "rv");
  assert.equal(typed("price > 5", 3), "");
  assert.equal(typed("volume_today > 5M"), "");
  assert.equal(typed("sector == 'Tech"), "");
  assert.equal(typed("sector == 'Tech' and r"), "r");
  assert.equal(typed(""), "");
});

test("fields that begin with what is typed come first, a field typed in full is not suggested", () => {
  const names = (/** @type {string} */ word) => matching(FIELDS, word).map(({ name }) => name);

  assert.deepEqual(names("rv"), ["rvol", "rvol_guarded"]);
  assert.deepEqual(names("percent"), ["change_percent", "gap_percent"]);
  assert.deepEqual(names("Gap"), ["gap_percent"]);
  assert.deepEqual(names("vwap"), []);
  assert.deepEqual(names(""), []);
});

test("a list says how many rows it has, or why there is no such list", () => {
  assert.equal(standingOf(ENTRY), "12 rows");
  assert.equal(standingOf({ ...ENTRY, count: 1 }), "1 row");
  assert.equal(standingOf({ ...ENTRY, made: false, reason: "where: column 1: no", count: null }), "where: column 1: no");
});

test("a refusal names the part that is wrong once, and where in its text", () => {
  const error = { code: "bad_parameter", message: "where: column 3: no", details: { parameter: "where", column: 3 } };

  assert.deepEqual(answerOf(false, 400, { error }).refusal, {
    message: "column 3: no", code: "bad_parameter", parameter: "where", column: 3,
  });
  assert.deepEqual(answerOf(false, 409, { error: { code: "exists", message: "taken", details: null } }).refusal, {
    message: "taken", code: "exists", parameter: "", column: null,
  });
});

test("an answer without words is a refusal in words; so is none at all", async () => {
  assert.match(answerOf(false, 502, null).refusal?.message ?? "", /502/);
  assert.match(answerOf(true, 200, null).refusal?.message ?? "", /200/);

  assert.match((await ask("GET", "nowhere")).refusal?.message ?? "", /cannot be reached/);
});
