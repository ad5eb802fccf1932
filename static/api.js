/**
 * The page's questions over HTTP: what came back, or why not in words that can be shown. It never throws.
 * The builder and the pins ask; all that moves comes over the socket instead.
 */

import { loginFrom } from "./own_address.js";

/**
 * Why something was refused: `parameter` is the part of the question that is wrong, `column` where in its text.
 * @typedef {{message: string, code: string, parameter: string, column: number | null}} Refusal
 * @typedef {{content: any, refusal: null} | {content: null, refusal: Refusal}} Answer
 * @typedef {(method: string, path: string, content?: object) => Promise<Answer>} Ask
 */

/** @type {Ask} */
export async function ask(method, path, content) {
  try {
    const sent = content === undefined ? {} : { body: JSON.stringify(content), headers: JSON_HEADERS };
    const response = await fetch(path, { method, ...sent });
    if (response.status === NOT_SIGNED_IN) signIn();
    return answerOf(response.ok, response.status, await response.json().catch(() => null));
  } catch {
    return refusedWith("the server cannot be reached");
  }
}

const NOT_SIGNED_IN = 401;

/** Go to where a token is shown: without one there is nothing to see here. */
export function signIn() {
  location.assign(loginFrom(location));
}

const JSON_HEADERS = { "Content-Type": "application/json" };

/**
 * @param {boolean} ok
 * @param {number} status
 * @param {any} body what the server said, null where that was no JSON
 * @returns {Answer}
 */
export function answerOf(ok, status, body) {
  if (ok && body !== null) return { content: body, refusal: null };
  const error = body?.error;
  if (typeof error?.message !== "string") return refusedWith(`the server answered ${status} and did not say why`);
  const parameter = typeof error.details?.parameter === "string" ? error.details.parameter : "";
  const column = Number.isInteger(error.details?.column) ? error.details.column : null;
  const message = error.message.startsWith(`${parameter}: `) ? error.message.slice(parameter.length + 2) : error.message;
  return { content: null, refusal: { message, code: String(error.code), parameter, column } };
}

/**
 * @param {string} message
 * @returns {Answer}
 */
function refusedWith(message) {
  return { content: null, refusal: { message, code: "", parameter: "", column: null } };
}
