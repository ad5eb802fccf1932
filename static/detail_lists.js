/**
 * Why the chosen symbol is in each list, and what keeps it out of the others: the verdict of each list in a line, and
 * all that had to be passed when the line is opened. Asked for when it is looked at, and again on demand.
 */

import { element } from "./dom.js";
import { newYorkTime, price, shares } from "./format.js";

/**
 * @typedef {{kind: string, name: string | null, text: string, verdict: "pass" | "fail" | "unknown", value: any,
 *   threshold: any, parts: Predicate[]}} Predicate
 * @typedef {{list: string, as_of: number, member: boolean, rank: number | null, predicates: Predicate[],
 *   first_failure: Predicate | null, neighbours: {last: {symbol: string} | null}}} Why
 * @typedef {{name: string, title: string}} Info
 */

const SIGNS = Object.freeze({ pass: "✓", fail: "✗", unknown: "?" });
/** Where a number is told in thousands rather than to the cent. */
const LARGE = 10_000;

/** Where there was no high or low yet, the server counts from the beginning of time. */
const NEVER_S = 1e9;

/**
 * @param {unknown} value
 * @param {string} [text] the condition that it is of
 */
export function said(value, text = "") {
  if (value === null || value === undefined) return "unknown";
  if (text.startsWith("seconds_since_") && Number(value) > NEVER_S) return "not yet today";
  if (typeof value !== "number") return String(value);
  return Math.abs(value) >= LARGE ? shares(value) : price(value).replace(/\.?0+$/, "");
}

/**
 * @param {Why} why
 * @returns {string} the verdict in a line
 */
export function verdictOf(why) {
  if (why.member) return `in, rank ${why.rank}`;
  const failure = why.first_failure;
  if (failure === null) {
    const last = why.neighbours.last;
    return last === null ? "out: not ranked yet" : `out: outranked, the last place is ${last.symbol}'s`;
  }
  const leaf = deepest(failure);
  const where = failure.kind === "filter" ? `${(failure.name ?? "a filter").replaceAll("_", " ")}: ` : "";
  const value = leaf.verdict === "fail" && leaf.value === null ? "" : ` (${said(leaf.value, leaf.text)})`;
  return `out: ${where}${leaf.text}${value}`;
}

/**
 * @param {Predicate} predicate that is not passed
 * @returns {Predicate} the part of it that decides, where one alone does
 */
function deepest(predicate) {
  const failing = predicate.parts.filter(({ verdict }) => verdict !== "pass");
  const [part] = failing;
  return failing.length === 1 && part !== undefined ? deepest(part) : predicate;
}

export class DetailLists {
  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Ask} ask
   * @param {() => readonly Info[]} lists
   */
  constructor(host, ask, lists) {
    this.ask = ask;
    this.lists = lists;
    this.symbol = "";
    this.body = element("div", { class: "verdicts" });
    this.asOf = element("span", { role: "status" });
    const again = element("button", { type: "button" }, "Look again");
    again.addEventListener("click", () => void this.load(this.symbol));
    host.append(element("p", { class: "as-of" }, this.asOf, again), this.body);
  }

  /** @param {string} symbol */
  async load(symbol) {
    this.symbol = symbol;
    this.asOf.textContent = "asking ...";
    const lists = this.lists();
    const path = encodeURIComponent(symbol);
    const answers = await Promise.all(lists.map(({ name }) => this.ask("GET", `/api/v1/why/${name}/${path}`)));
    if (symbol !== this.symbol) return;
    const told = answers.flatMap(({ content }, index) => {
      return content === null ? [] : [{ why: /** @type {Why} */ (content), title: lists[index]?.title ?? "" }];
    });
    const refusal = answers.find((answer) => answer.refusal !== null)?.refusal;
    const newest = Math.max(...told.map(({ why }) => why.as_of));
    this.asOf.textContent = told.length === 0 ? (refusal?.message ?? "there are no lists") : `as of ${newYorkTime(newest)}`;
    told.sort((one, other) => Number(other.why.member) - Number(one.why.member));
    this.body.replaceChildren(...told.map(({ why, title }) => line(why, title)));
  }

  clear() {
    this.symbol = "";
    this.body.replaceChildren();
    this.asOf.textContent = "";
  }
}

/**
 * @param {Why} why
 * @param {string} title
 */
function line(why, title) {
  const head = element("summary", {}, element("b", {}, title), " ", element("span", {}, verdictOf(why)));
  const parts = why.predicates.map((predicate) => tree(predicate));
  return element("details", { "data-why": why.list, "data-member": why.member ? "yes" : "no" }, head, element("ul", {}, ...parts));
}

/**
 * @param {Predicate} predicate
 * @returns {HTMLElement}
 */
function tree(predicate) {
  const { verdict, kind, name, text, value, parts } = predicate;
  const title = name === null ? text : `${kind === "filter" ? "filter " : ""}${name.replaceAll("_", " ")}`;
  const shown = parts.length === 0 && value !== null ? ` = ${said(value, text)}` : "";
  const sign = element("span", { class: verdict, "aria-label": verdict }, SIGNS[verdict]);
  const item = element("li", {}, sign, ` ${title}${shown}`);
  // A part that only says again what its whole says is not shown twice.
  const deeper = parts.length === 1 && parts[0]?.text === text ? (parts[0]?.parts ?? []) : parts;
  if (deeper.length > 0) item.append(element("ul", {}, ...deeper.map(tree)));
  else if (name !== null) item.append(element("small", {}, ` ${text}`));
  return item;
}
