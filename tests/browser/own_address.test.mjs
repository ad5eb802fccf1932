/** Where the form goes on to once a token was shown: never away from here. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { loginFrom, ownAddress } from "../../static/own_address.js";

const HOME = "https://scanner.example.com";

test("a path of ours is gone back to", () => {
  for (const path of ["/", "/docs", "/?list=winners&symbol=BRK.B#chart", "/status?a=//b", "/?next=https://evil.test"]) {
    assert.equal(ownAddress(path, HOME), path);
  }
});

test("whatever leads elsewhere leads home", () => {
  const elsewhere = [
    null, "", "docs", "https://evil.test/", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test",
    "/\n/evil.test", "\t//evil.test", " //evil.test", "javascript:alert(1)", "/.//evil.test", "/x/..//evil.test",
    "/%2e//evil.test", "data:text/html,x", "http:evil.test", "@evil.test", "//", "/\\/\\", "/login", "/login?next=/login",
  ];
  for (const wanted of elsewhere) assert.equal(ownAddress(wanted, HOME), "/", String(wanted));
});

test("what was resolved stays where it was", () => {
  for (let number = 0; number < 3_000; number++) {
    const parts = ["/", "\\", ".", "..", "%2e", "%2f", "evil.test", "@", ":", "?", "#", "\t", "\n", " ", "https:", "\u0000"];
    const wanted = Array.from({ length: 6 }, (_, place) => parts[(number * (place + 7) + place * place) % parts.length]).join("");
    assert.equal(new URL(ownAddress(wanted, HOME), HOME).origin, HOME, JSON.stringify(wanted));
  }
});

test("the way to the form says whence", () => {
  assert.equal(loginFrom({ pathname: "/", search: "", hash: "" }), "/login");
  const away = loginFrom({ pathname: "/", search: "?list=a&b", hash: "#c" });
  assert.equal(new URL(away, HOME).searchParams.get("next"), "/?list=a&b#c");
});
