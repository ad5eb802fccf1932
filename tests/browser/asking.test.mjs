/** Questions that are asked while a person types or clicks faster than a server answers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Latest, PAUSE_MS } from "../../static/latest.js";
import { Pins } from "../../static/pins.js";

/** A server that answers when the test says so. */
function slowServer() {
  /** @type {{question: any, answer: (answer: any) => Promise<void>}[]} */
  const asked = [];
  return {
    asked,
    questions: () => asked.map(({ question }) => question),
    ask: (/** @type {any} */ question) => {
      return /** @type {Promise<any>} */ (new Promise((resolve) => {
        asked.push({
          question,
          answer: async (answer) => {
            resolve(answer);
            await settled();
          },
        });
      }));
    },
  };
}

function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A timer that a test moves by hand. */
function handTimer() {
  /** @type {(() => void) | null} */
  let waiting = null;
  return {
    after: (/** @type {number} */ ms, /** @type {() => void} */ act) => {
      assert.equal(ms, PAUSE_MS);
      waiting = act;
      return () => {
        waiting = null;
      };
    },
    fire: () => {
      const act = waiting;
      waiting = null;
      act?.();
    },
  };
}

function typing() {
  const server = slowServer();
  const timer = handTimer();
  /** @type {any[]} */
  const shown = [];
  const latest = new Latest(server.ask, (answer) => shown.push(answer), timer.after);
  return { server, timer, shown, latest };
}

test("who types is not asked about each letter", () => {
  const { server, timer, latest } = typing();

  for (const text of ["r", "rv", "rvol > 5"]) latest.want(text);
  timer.fire();

  assert.deepEqual(server.questions(), ["rvol > 5"]);
});

test("one question is in flight, and only the answer to the newest is shown", async () => {
  const { server, timer, shown, latest } = typing();
  for (const text of ["one", "two", "three"]) {
    latest.want(text);
    timer.fire();
  }
  assert.deepEqual(server.questions(), ["one"]);

  await server.asked[0]?.answer("answer one");
  assert.deepEqual([shown, server.questions()], [[], ["one", "three"]]);
  await server.asked[1]?.answer("answer three");

  assert.deepEqual(shown, ["answer three"]);
});

test("while somebody still types, the answer to the old text is not shown and the new one not asked for yet", async () => {
  const { server, timer, shown, latest } = typing();
  latest.want("one");
  timer.fire();
  latest.want("two");

  await server.asked[0]?.answer("answer one");
  assert.deepEqual([shown, server.questions()], [[], ["one"]]);
  timer.fire();

  assert.deepEqual(server.questions(), ["one", "two"]);
});

test("what nobody wants to know any more is neither asked nor shown", async () => {
  const { server, timer, shown, latest } = typing();
  latest.want("one");
  timer.fire();
  latest.drop();
  await server.asked[0]?.answer("answer one");
  latest.want("two");
  latest.drop();
  timer.fire();

  assert.deepEqual([shown, server.questions()], [[], ["one"]]);
});

/** @param {(method: string, path: string) => Promise<any>} ask */
function pinning(ask) {
  const told = { changes: 0, complaints: /** @type {string[]} */ ([]) };
  const pins = new Pins(ask, () => (told.changes += 1), (complaint) => told.complaints.push(complaint));
  return { pins, told };
}

const DONE = { content: {}, refusal: null };

test("a pin shows at once, and a click on it takes it away; each goes to the server in turn", async () => {
  /** @type {string[]} */
  const asked = [];
  const { pins, told } = pinning(async (method, path) => {
    asked.push(`${method} ${path}`);
    return DONE;
  });

  const first = pins.toggle("BRK.B");
  assert.equal(pins.has("BRK.B"), true);
  await Promise.all([first, pins.toggle("BRK.B")]);

  assert.equal(pins.has("BRK.B"), false);
  assert.deepEqual(asked, ["PUT /api/v1/pins/BRK.B", "DELETE /api/v1/pins/BRK.B"]);
  assert.deepEqual([told.changes, told.complaints], [2, []]);
});

test("a pin that the server will not have is taken back with the reason", async () => {
  const refusal = { message: "200 pins are the most", code: "too_many", parameter: "", column: null };
  const { pins, told } = pinning(async () => ({ content: null, refusal }));

  await pins.toggle("AAA");

  assert.equal(pins.has("AAA"), false);
  assert.deepEqual(told.complaints, ["AAA could not be pinned: 200 pins are the most"]);
});

test("letting go of what another window let go is no complaint", async () => {
  const refusal = { message: "", code: "not_pinned", parameter: "", column: null };
  const { pins, told } = pinning(async (method) => {
    return method === "GET" ? { content: { pins: [{ symbol: "AAA", since: 1 }] }, refusal: null }
      : { content: null, refusal };
  });
  await pins.load();

  await pins.toggle("AAA");

  assert.deepEqual([pins.has("AAA"), told.complaints], [false, []]);
});

test("what was pinned elsewhere is taken over; a server that does not answer changes nothing", async () => {
  let answer = /** @type {any} */ ({ content: { pins: [{ symbol: "AAA", since: 1 }] }, refusal: null });
  const { pins } = pinning(async () => answer);

  await pins.load();
  answer = { content: null, refusal: { message: "" } };
  await pins.load();

  assert.deepEqual([...pins.symbols], ["AAA"]);
});
