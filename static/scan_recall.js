/**
 * Scan recall in the sheet of the coverage: a line for each list of the last day that is over, and on a press the
 * symbols that it showed late or never, with the reason of each; a press on one of those loads it.
 */

import { element, write } from "./dom.js";
import { dayWords, listCells, symbolCells, chosen, VERDICTS } from "./scan_recall_words.js";
import { DEFAULT_GROUP, select } from "./selection.js";

/** @typedef {import("./scan_recall_words.js").Recall} Recall */

const PATH = "/api/v1/audit/recall";
const LIST_HEADS = Object.freeze(["List", "Recall", "In time", "Late", "Missed", "Below cut", "Extra", "Filtered"]);
const SYMBOL_HEADS = Object.freeze(["Symbol", "Verdict", "Due", "Shown", "Late by", "Best rank", "Why"]);

export class ScanRecall {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {HTMLElement} host where it stands
   * @param {() => void} leave a symbol was chosen: the sheet is in the way
   */
  constructor(ask, host, leave) {
    this.ask = ask;
    this.leave = leave;
    this.list = "";
    /** @type {readonly import("./scan_recall_words.js").RecallSymbol[]} */
    this.symbols = [];
    this.about = element("div", { class: "soft" });
    this.lists = element("tbody");
    this.title = element("h3", { tabindex: "-1" });
    this.note = element("p", { class: "soft" });
    this.verdict = element("select", { "aria-label": "Verdict" }, element("option", { value: "" }, "all verdicts"));
    this.verdict.append(...Object.entries(VERDICTS).map(([value, words]) => element("option", { value }, words)));
    this.verdict.addEventListener("change", () => this.#paintSymbols());
    this.rows = element("tbody");
    this.table = region("Recall of lists", LIST_HEADS, this.lists);
    this.detail = element("section", { "aria-label": "Symbols of a list", hidden: "" },
      this.title, this.note, this.verdict, region("Symbols and why", SYMBOL_HEADS, this.rows));
    this.problem = element("p", { class: "problem", role: "status" });
    host.append(element("h2", {}, "Scan recall"), this.about, this.table, this.detail, this.problem);
    this.lists.addEventListener("click", ({ target }) => this.#pressedList(target));
    this.rows.addEventListener("click", ({ target }) => this.#pressedSymbol(target));
  }

  async look() {
    const { content, refusal } = await this.ask("GET", PATH);
    write(this.problem, refusal?.message ?? "");
    if (content !== null) this.#paint(content);
  }

  /** @param {Recall} recall */
  #paint(recall) {
    this.about.replaceChildren(...dayWords(recall).map((words) => element("p", {}, words)));
    this.table.hidden = recall.lists.length === 0;
    this.lists.replaceChildren(...recall.lists.map((each) => {
      const name = element("button", { type: "button", class: "plain" }, each.title);
      const cells = listCells(each).map((cell) => element("td", {}, cell));
      return element("tr", { "data-recall-list": each.list }, element("th", { scope: "row" }, name), ...cells);
    }));
  }

  /** @param {EventTarget | null} target */
  #pressedList(target) {
    const row = target instanceof Element ? target.closest("tr") : null;
    const name = row?.dataset["recallList"];
    if (name !== undefined) void this.#open(name);
  }

  /** @param {string} name */
  async #open(name) {
    this.list = name;
    const { content, refusal } = await this.ask("GET", `${PATH}?list=${encodeURIComponent(name)}`);
    write(this.problem, refusal?.message ?? "");
    if (content === null || this.list !== name) return;
    const [list] = content.lists;
    this.symbols = content.symbols;
    this.detail.dataset["list"] = name;
    write(this.title, `${list.title}: ${list.met} met it, ${list.shown} were shown of ${list.size} rows at a time`);
    write(this.note, list.note);
    this.verdict.value = "";
    this.detail.hidden = false;
    this.#paintSymbols();
    this.title.focus();
  }

  #paintSymbols() {
    this.rows.replaceChildren(...chosen(this.symbols, this.verdict.value).map((each) => {
      const name = element("button", { type: "button", class: "plain" }, each.symbol);
      const cells = symbolCells(each).map((cell) => element("td", {}, cell));
      const head = element("th", { scope: "row" }, name);
      return element("tr", { "data-recall-symbol": each.symbol, "data-verdict": each.verdict }, head, ...cells);
    }));
  }

  /** @param {EventTarget | null} target */
  #pressedSymbol(target) {
    const symbol = target instanceof Element ? target.closest("tr")?.dataset["recallSymbol"] : undefined;
    if (symbol === undefined) return;
    select(DEFAULT_GROUP, symbol);
    this.leave();
  }
}

/**
 * @param {string} label
 * @param {readonly string[]} heads
 * @param {HTMLTableSectionElement} body
 */
function region(label, heads, body) {
  const head = element("tr", {}, ...heads.map((words) => element("th", { scope: "col" }, words)));
  const table = element("table", {}, element("caption", {}, label), element("thead", {}, head), body);
  return element("div", { class: "recall", role: "region", tabindex: "0", "aria-label": label }, table);
}
