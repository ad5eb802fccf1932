/**
 * Search for a symbol: what is typed is completed over all symbols and names while one types, and the chosen one is
 * looked at. Symbols are case-sensitive and shown as they are; the first find is taken by Enter. Opened by `/`.
 */

import { byId, element, write } from "./dom.js";
import { Latest } from "./latest.js";

/** @typedef {{symbol: string, name: string | null}} Found */

const MOST = 12;

export class SymbolSearch {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {(symbol: string) => void} look
   */
  constructor(ask, look) {
    this.look = look;
    /** @type {Found[]} */
    this.found = [];
    this.selected = 0;
    this.asked = "";
    this.takes = false;
    this.box = element("input", {
      type: "text", role: "combobox", "aria-label": "Symbol or name", "aria-expanded": "false", "aria-autocomplete": "list",
      "aria-controls": "search-found", placeholder: "Symbol or name", spellcheck: "false", autocapitalize: "off", maxlength: "64",
    });
    this.list = element("ul", { id: "search-found", role: "listbox", "aria-label": "Symbols" });
    this.note = element("p", { class: "note", role: "status" });
    this.dialog = element("dialog", { id: "search", "aria-label": "Search a symbol" }, this.box, this.list, this.note);
    document.body.append(this.dialog);
    /** @type {Latest<string, import("./api.js").Answer>} */
    this.latest = new Latest(
      (text) => ask("GET", `/api/v1/symbols?q=${encodeURIComponent(text)}&limit=${MOST}`),
      (answer) => this.#answered(answer),
      (ms, act) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
    );
    this.box.addEventListener("input", () => this.#typed());
    this.box.addEventListener("keydown", (event) => this.#pressed(event));
    this.list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest("li") : null;
      if (option !== null) this.#take([...this.list.children].indexOf(option));
    });
    this.dialog.addEventListener("close", () => this.latest.drop());
    // A press beside it closes it.
    this.dialog.addEventListener("click", ({ target }) => target === this.dialog && this.dialog.close());
    byId("find").addEventListener("click", () => this.open());
  }

  open() {
    this.box.value = "";
    this.#typed();
    this.dialog.showModal();
    this.box.focus();
  }

  #typed() {
    const text = this.box.value.trim();
    this.takes = false;
    write(this.note, "");
    if (text !== "") return this.latest.want(text);
    this.latest.drop();
    this.#show([]);
  }

  /** @param {import("./api.js").Answer} answer */
  #answered({ content, refusal }) {
    if (!this.dialog.open) return;
    this.#show(content?.symbols ?? []);
    write(this.note, refusal?.message ?? (this.found.length === 0 ? "no symbol begins so, and no name" : ""));
    // Enter came before the answer.
    if (this.takes) this.#take(0);
  }

  /** @param {Found[]} found */
  #show(found) {
    this.found = found;
    const options = found.map(({ symbol, name }, index) => {
      return element("li", { role: "option", id: `search-found-${index}` }, element("b", {}, symbol), element("span", {}, name ?? ""));
    });
    this.list.replaceChildren(...options);
    this.box.setAttribute("aria-expanded", String(found.length > 0));
    this.#select(0);
  }

  /** @param {number} index */
  #select(index) {
    const count = this.found.length;
    this.selected = count === 0 ? 0 : (index + count) % count;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === this.selected)));
    if (count === 0) this.box.removeAttribute("aria-activedescendant");
    else this.box.setAttribute("aria-activedescendant", `search-found-${this.selected}`);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) this.#select(this.selected + step);
    else if (event.key === "Enter") this.#enter();
    else return;
    event.preventDefault();
  }

  #enter() {
    if (this.latest.wanted === null) this.#take(this.selected);
    else this.takes = true;
  }

  /** @param {number} index */
  #take(index) {
    const found = this.found[index];
    if (found === undefined) return;
    this.dialog.close();
    this.look(found.symbol);
  }
}
