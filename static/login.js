/**
 * The page on which a token is shown: sends it, and goes to where its owner wanted to be, or says why not. The browser
 * keeps the token in a cookie that no script can read, this one included; signing out has it forget that.
 */

import { ownAddress } from "./own_address.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("token"));
const problem = /** @type {HTMLElement} */ (document.getElementById("problem"));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn();
});
document.getElementById("sign-out")?.addEventListener("click", () => void signOut());

async function signIn() {
  problem.textContent = "";
  const refusal = await sent("/login", new URLSearchParams({ token: field.value.trim() }));
  if (refusal === "") {
    const wanted = new URLSearchParams(location.search).get("next");
    location.replace(ownAddress(wanted === null ? null : wanted + location.hash, location.origin));
    return;
  }
  problem.textContent = refusal;
  field.select();
}

async function signOut() {
  const refusal = await sent("/logout", new URLSearchParams());
  problem.textContent = refusal === "" ? "this browser is signed out" : refusal;
}

/**
 * @param {string} path
 * @param {URLSearchParams} body
 * @returns {Promise<string>} why not; empty: done
 */
async function sent(path, body) {
  try {
    const response = await fetch(path, { method: "POST", body });
    if (response.ok) return "";
    const { error } = await response.json();
    const wait = response.headers.get("Retry-After");
    return wait === null ? error.message : `${error.message}: again in ${wait} s`;
  } catch {
    return "the server cannot be reached";
  }
}
