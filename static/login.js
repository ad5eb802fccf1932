/**
 * The page on which a token is shown: sends it, and goes to the lists, or says why not. The browser keeps the token in
 * a cookie that no script can read, this one included.
 */

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("token"));
const problem = /** @type {HTMLElement} */ (document.getElementById("problem"));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn();
});

async function signIn() {
  problem.textContent = "";
  const refusal = await sent(new URLSearchParams({ token: field.value.trim() }));
  if (refusal === "") {
    location.replace("/");
    return;
  }
  problem.textContent = refusal;
  field.select();
}

/**
 * @param {URLSearchParams} body
 * @returns {Promise<string>} why not; empty: signed in
 */
async function sent(body) {
  try {
    const response = await fetch("/login", { method: "POST", body });
    if (response.ok) return "";
    const { error } = await response.json();
    const wait = response.headers.get("Retry-After");
    return wait === null ? error.message : `${error.message}: again in ${wait} s`;
  } catch {
    return "the server cannot be reached";
  }
}
