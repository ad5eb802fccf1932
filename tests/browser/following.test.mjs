/** Which lists a window follows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Viewer } from "../../static/viewer.js";
import { helloOf, snapshotOf } from "./states.mjs";

/** A viewer that was told of three lists, and what it has asked for since it was last looked at. */
function greeted(/** @type {ReadonlySet<string> | null} */ wanted) {
  const viewer = new Viewer(() => 0);
  viewer.follow(wanted, 0);
  viewer.connect(0);
  viewer.frame(viewer.socket, helloOf(["winners", "losers", "anomalies"]), 0);
  const asked = () => viewer.commands.splice(0).flatMap((/** @type {any} */ each) => each.message?.list ?? []);
  return { viewer, asked };
}

test("a window follows all lists, or those alone that it is for, and knows of the others", () => {
  const { viewer, asked } = greeted(new Set(["winners"]));
  const told = viewer.news.find((each) => each.kind === "lists");

  assert.deepEqual(asked(), ["winners"]);
  assert.equal(told?.kind === "lists" && told.lists.length, 3);
  assert.deepEqual(greeted(null).asked(), ["winners", "losers", "anomalies"]);
});

test("turned to another list it asks for that one, and takes no more rows of the first", () => {
  const { viewer, asked } = greeted(new Set(["winners"]));
  viewer.frame(viewer.socket, snapshotOf(), 0);
  asked();
  viewer.follow(new Set(["losers"]), 10);
  const next = asked();
  viewer.frame(viewer.socket, snapshotOf(undefined, { sequence: 2 }), 20);

  assert.deepEqual(next, ["losers"]);
  assert.deepEqual([...viewer.lists.keys()], ["losers"]);
});
