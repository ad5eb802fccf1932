/** Alerts on the page: rules between form and server, and who rings. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Bell, choicesOf } from "../../static/bell.js";
import { definitionOfRule, freshRule, valuesOfRule, wordsOf } from "../../static/rule.js";

/**
 * @param {object} more
 * @returns {import("../../static/rule.js").Rule}
 */
function ruleOf(more) {
  return { name: "r", origin: "user", state: "on", reason: "", last_fired: null, fired: 0, suppressed: 0, ...more };
}

test("a rule comes back from the form as it was told", () => {
  const told = {
    on: "new_high", list: "winners", where: "rvol > 2", count: 3, cooldown_s: 30, quiet: ["20:00-07:00", "12:00-13:00"],
    text: "runs", sound: "rise", webhook: "https://a.example/x", once_per_day: true, enabled: false,
  };
  assert.deepEqual(definitionOfRule(valuesOfRule(ruleOf(told))), told);
});

test("what is not typed is left out, and a secret is sent only when it is typed", () => {
  const definition = definitionOfRule({ ...freshRule(), where: "  price > 5 ", count: "3" });
  assert.deepEqual([definition.where, definition.list, definition.text, definition.webhook], ["price > 5", null, null, null]);
  assert.equal(definition.count, null);
  assert.equal("webhook_secret" in definition, false);
  assert.equal(definitionOfRule({ ...freshRule(), webhook_secret: "s" }).webhook_secret, "s");
});

test("what is no number is sent as it is, so that the server can name it", () => {
  assert.equal(definitionOfRule({ ...freshRule(), cooldown_s: "soon" }).cooldown_s, "soon");
  assert.equal(definitionOfRule({ ...freshRule(), cooldown_s: "" }).cooldown_s, 0);
});

test("a rule says in words when it rings", () => {
  assert.equal(wordsOf(ruleOf({ on: "entered", list: "new_highs", where: "rvol > 3" })), "entered new highs if rvol > 3");
  assert.equal(wordsOf(ruleOf({ on: "true", where: "rvol > 3", list: "winners" })), "rvol > 3 in winners");
  assert.equal(wordsOf(ruleOf({ on: "halt" })), "trading is halted");
});

test("choices survive storage, and what is no choice is as usual", () => {
  assert.deepEqual(choicesOf('{"sound":false,"volume":7,"speech":"x"}'), { sound: false, speech: false, desktop: false, volume: 1 });
  assert.deepEqual(choicesOf("no JSON"), choicesOf(null));
});

/** Windows of one browser: they share what is claimed, and each notes what it does. */
function browserOf() {
  const claimed = new Set();
  return (/** @type {string} */ state) => {
    /** @type {string[]} */
    const did = [];
    const node = { connect: () => node, frequency: {}, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, start() {}, stop() {} };
    const audio = /** @type {any} */ ({
      state, currentTime: 0, createGain: () => node,
      createOscillator: () => {
        if (did.at(-1) !== "sound") did.push("sound");
        return node;
      },
    });
    const means = {
      claim: async (/** @type {string} */ name) => !claimed.has(name) && Boolean(claimed.add(name)),
      audio: () => audio,
      speak: (/** @type {string} */ words) => did.push(words),
      notify: () => did.push("desktop"),
      wait: () => new Promise((done) => setImmediate(done)).then(() => undefined),
    };
    return { did, bell: new Bell(means, choicesOf('{"speech":true,"desktop":true}')) };
  };
}

/** @param {number} id */
function alertOf(id) {
  return /** @type {any} */ ({ type: "alert", id, rule: "r", symbol: "A", list: null, timestamp: 0, text: "A: rang", data: { sound: null } });
}

test("of several windows one rings, each alert once", async () => {
  const open = browserOf();
  const windows = [open("running"), open("running"), open("running")];
  for (const id of [1, 2]) await Promise.all(windows.map(({ bell }) => bell.ring(alertOf(id))));
  assert.deepEqual(windows.flatMap(({ did }) => did), ["sound", "A: rang", "desktop", "sound", "A: rang", "desktop"]);
});

test("a window that is still mute lets one that can be heard go first", async () => {
  const open = browserOf();
  const [mute, heard] = [open("suspended"), open("running")];
  await Promise.all([mute.bell.ring(alertOf(1)), heard.bell.ring(alertOf(1))]);
  assert.deepEqual([mute.bell.rang, heard.bell.rang], [0, 1]);
});

test("who wants no sound, speech or notification claims nothing", async () => {
  const open = browserOf();
  const [silent, loud] = [open("running"), open("running")];
  Object.assign(silent.bell.choices, { sound: false, speech: false, desktop: false });
  assert.equal(await silent.bell.ring(alertOf(1)), false);
  assert.equal(await loud.bell.ring(alertOf(1)), true);
});
