/** Layouts as values: read, edited, kept, named in an address, and arranged on the screen. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, wishOf } from "../../static/address.js";
import { arranged, columnsFor } from "../../static/arrange.js";
import {
  firstLayout, LARGEST, layoutFile, MOST_PANELS, plainLayout, readLayout, readLayoutFile, resized, withChange, withMove,
  withoutPanel, withPanel,
} from "../../static/layout.js";
import { FIRST, Layouts } from "../../static/layouts.js";
import { dice } from "./states.mjs";

const ids = (/** @type {any} */ layout) => layout.panels.map((/** @type {any} */ panel) => panel.id);

/** @param {string} text kept before */
function storageOf(text = "") {
  const kept = new Map(text === "" ? [] : [["tradeul.layouts", text]]);
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  };
}

test("a newcomer sees gappers both ways, momentum, anomalies, highs, volume, the log and the detail", () => {
  const { panels } = firstLayout();
  const lists = panels.flatMap((panel) => panel.list ?? []);

  assert.deepEqual(lists, ["gappers_up", "gappers_down", "momentum_up", "anomalies", "new_highs", "high_volume"]);
  assert.deepEqual(panels.map((panel) => panel.kind).filter((kind) => kind !== "list"), ["detail", "log"]);
});

test("a panel is added, changed, moved and taken away without touching the layout that was", () => {
  const first = readLayout({ panels: [{ kind: "list", list: "a" }, { kind: "log" }] });
  const added = withPanel(first, { kind: "list", list: "b" });
  const sortedBy = withChange(added, 3, { sort: { column: "price", descending: true }, density: "compact" });
  const moved = withMove(sortedBy, 3, 0);
  const unsorted = withChange(moved, 3, { sort: undefined });

  assert.deepEqual(ids(first), [1, 2]);
  assert.deepEqual(ids(moved), [3, 1, 2]);
  assert.equal(moved.panels[0]?.sort?.column, "price");
  assert.equal("sort" in (unsorted.panels[0] ?? {}), false);
  assert.deepEqual(ids(withoutPanel(moved, 1)), [3, 2]);
  assert.deepEqual(ids(withMove(moved, 2, 99)), [3, 1, 2]);
  assert.deepEqual(withMove(moved, 77, 0), moved);
});

test("a panel that is stretched stays within what a layout may hold", () => {
  const panel = firstLayout().panels[0];
  assert.ok(panel);

  assert.deepEqual(resized(panel, -10, -10), { w: 1, h: 1 });
  assert.deepEqual(resized(panel, 99, 99), { w: LARGEST.w, h: LARGEST.h });
});

test("a file holds all of a layout, and comes back as it was", () => {
  const layout = withChange(firstLayout(), 1, {
    columns: ["price", "rvol"], widths: { price: 90 }, sort: { column: "rvol", descending: true }, density: "roomy",
    group: "orange", w: 3, h: 5,
  });
  const back = readLayoutFile(layoutFile("My morning", layout));

  assert.equal(back.name, "My morning");
  assert.deepEqual(back.layout, layout);
});

test("what is wrong with a file is said, by the panel and the part", () => {
  const wrong = (/** @type {object} */ panel) => () => readLayout({ panels: [{ kind: "log" }, panel] });
  const list = { kind: "list", list: "a" };

  assert.throws(() => readLayoutFile("{"), /not JSON/);
  assert.throws(() => readLayoutFile("{}"), /no layout of this program/);
  assert.throws(() => readLayoutFile('{"tradeul_layout": 1, "name": "", "panels": []}'), /a name has 1 to 40/);
  assert.throws(() => readLayout({}), /no list of panels/);
  assert.throws(() => readLayout({ panels: Array(MOST_PANELS + 1).fill(list) }), /more than 40/);
  assert.throws(wrong({ kind: "clock" }), /panel 2: kind is one of list, log, detail/);
  assert.throws(wrong({ kind: "list", list: "<b>" }), /panel 2: list/);
  assert.throws(wrong({ ...list, w: 1.5 }), /panel 2: w is a whole number from 1 to 8/);
  assert.throws(wrong({ ...list, group: "pink" }), /panel 2: group is one of blue/);
  assert.throws(wrong({ ...list, columns: "price" }), /panel 2: columns/);
  assert.throws(wrong({ ...list, widths: { price: 5 } }), /panel 2: widths are whole pixels from 30 to 400/);
  assert.throws(wrong({ ...list, sort: {} }), /panel 2: sort/);
  assert.throws(wrong({ ...list, density: "tiny" }), /panel 2: density/);
});

test("layouts are kept by name; another one of the same name is never overwritten", () => {
  const storage = storageOf();
  const layouts = new Layouts(storage);
  layouts.keep(withoutPanel(layouts.layout, 1));
  const name = layouts.adopt("Mine", firstLayout());
  const again = layouts.adopt("Mine", firstLayout());
  const other = layouts.adopt("Mine", withoutPanel(firstLayout(), 2));
  const later = new Layouts(storage);

  assert.deepEqual([name, again, other], ["Mine", "Mine", "Mine 2"]);
  assert.deepEqual(later.names, [FIRST, "Mine", "Mine 2"]);
  assert.equal(later.current, "Mine 2");
  later.remove();
  assert.equal(later.current, FIRST);
  assert.equal(later.layout.panels.length, firstLayout().panels.length - 1);
});

test("whatever storage holds, the page opens: what can be read of it is kept", () => {
  const good = plainLayout(firstLayout());
  const half = JSON.stringify({ current: "Gone", layouts: { Good: good, Bad: { panels: [{ kind: "no" }] } } });

  for (const text of ["", "{", "null", "[]", '{"layouts": 7}', '"x"']) {
    assert.deepEqual(new Layouts(storageOf(text)).layout, firstLayout());
  }
  assert.deepEqual(new Layouts(storageOf(half)).names, ["Good", FIRST]);
  assert.deepEqual(new Layouts(null).layout, firstLayout());
});

test("an address names list, symbol and layout, and can carry a whole layout or one panel", () => {
  const layout = firstLayout();
  const view = { layout: "My morning", list: "winners", symbol: "BRK.B" };
  const shared = wishOf(addressOf(view, { shared: layout }));
  const alone = wishOf(addressOf({ symbol: "A" }, { alone: { panels: layout.panels.slice(0, 1) } }));

  assert.deepEqual([shared.layout, shared.list, shared.symbol], ["My morning", "winners", "BRK.B"]);
  assert.deepEqual(shared.shared, layout);
  assert.deepEqual(alone.alone?.panels, layout.panels.slice(0, 1));
  assert.equal(addressOf({}), "");
  assert.match(wishOf("?panels=%7B").problem, /cannot be read: it is cut short/);
  assert.match(wishOf('?panel={"kind":"x"}').problem, /panel 1: kind/);
  assert.equal(wishOf(`?symbol=${"A".repeat(500)}`).symbol.length, 64);
});

test("wherever panels stand, none covers another, none sticks out, and no cell is left over in a full row", () => {
  const random = dice(7);
  for (let round = 0; round < 300; round += 1) {
    const columns = 2 * (1 + Math.floor(random() * 6));
    const sizes = Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
      return { w: 1 + Math.floor(random() * 8), h: 1 + Math.floor(random() * 6) };
    });
    const { places, rows } = arranged(sizes, columns);
    const taken = new Set();
    for (const { x, y, w, h } of places) {
      assert.ok(x >= 0 && x + w <= columns && y + h <= rows);
      for (let row = y; row < y + h; row += 1) {
        for (let column = x; column < x + w; column += 1) {
          const cell = `${row} ${column}`;
          assert.ok(!taken.has(cell));
          taken.add(cell);
        }
      }
    }
    places.forEach(({ w, h }, index) => assert.ok(w >= Math.min(sizes[index]?.w ?? 0, columns) && h >= (sizes[index]?.h ?? 0)));
  }
});

test("the first layout fills a wide screen and a laptop without a gap", () => {
  for (const width of [1908, 1268]) {
    const columns = columnsFor(width, 400);
    const { places, rows } = arranged(firstLayout().panels, columns);
    const cells = places.reduce((sum, { w, h }) => sum + w * h, 0);

    assert.equal(cells, rows * columns);
  }
});
