/**
 * The builder's form: what was typed as values, values into its inputs, and a refusal beside the input that it
 * concerns, with the place marked in the text and the name that the server suggests. `builder.js` owns it.
 */

import { ColumnChoice } from "./column_choice.js";
import { ConditionInput } from "./condition_input.js";
import { nameOf, suggestionIn } from "./definition.js";
import { byId, element, write } from "./dom.js";

/**
 * @typedef {import("./api.js").Refusal} Refusal
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./definition.js").Values} Values
 * @typedef {"where" | "keep" | "order" | "title" | "name" | "size"} TextPart
 */

/** @type {TextPart[]} */
const CONDITIONS = ["where", "keep", "order"];
/** @type {TextPart[]} */
const TEXTS = [...CONDITIONS, "title", "name", "size"];

/** @type {{[code: string]: string}} the input that a refusal concerns which names none */
const CONCERNED = { exists: "name" };

export class ScanForm {
  /** @param {() => void} changed called when something else was typed or chosen */
  constructor(changed) {
    this.changed = changed;
    this.form = /** @type {HTMLFormElement} */ (byId("scan"));
    this.problem = byId("builder-problem");
    this.more = /** @type {HTMLDetailsElement} */ (byId("builder-more"));
    this.inputs = /** @type {Record<TextPart, HTMLInputElement>} */ (
      Object.fromEntries(TEXTS.map((part) => [part, byId(`scan-${part}`)]))
    );
    /** @type {Iterable<Field>} */
    this.fields = [];
    this.conditions = new Map(CONDITIONS.map((part) => {
      const box = /** @type {any} */ (this.inputs[part]);
      return [/** @type {string} */ (part), new ConditionInput(box, () => this.fields)];
    }));
    this.columns = new ColumnChoice(byId("scan-columns"), byId("scan-columns-chosen"));
    this.sessions = /** @type {HTMLInputElement[]} */ ([...byId("scan-sessions").querySelectorAll("input")]);
    this.filters = /** @type {HTMLInputElement} */ (byId("scan-filters"));
    this.enabled = /** @type {HTMLInputElement} */ (byId("scan-enabled"));
    /** Whether the name was typed, rather than made of the title. */
    this.named = false;
    this.form.addEventListener("input", ({ target }) => this.#typed(/** @type {HTMLElement} */ (target)));
  }

  /** @param {Map<string, Field>} catalogue */
  setCatalogue(catalogue) {
    this.fields = [...catalogue.values()];
    this.columns.setCatalogue(catalogue);
  }

  /** @returns {Values} */
  values() {
    const { inputs } = this;
    const sessions = this.sessions.filter((box) => box.checked).map((box) => box.value);
    return {
      name: inputs.name.value.trim(),
      title: inputs.title.value,
      where: inputs.where.value,
      keep: inputs.keep.value,
      order: inputs.order.value,
      size: inputs.size.value,
      columns: this.columns.chosen,
      sessions: sessions.length === this.sessions.length ? [] : sessions,
      global_filters: this.filters.checked,
      enabled: this.enabled.checked,
    };
  }

  /**
   * @param {Values} values
   * @param {boolean} known whether the list is there, so that its name stands
   */
  fill(values, known) {
    for (const part of TEXTS) this.inputs[part].value = values[part];
    this.columns.choose(values.columns);
    const all = values.sessions.length === 0;
    for (const box of this.sessions) box.checked = all || values.sessions.includes(box.value);
    this.filters.checked = values.global_filters;
    this.enabled.checked = values.enabled;
    this.inputs.name.readOnly = known;
    this.named = known || values.name !== nameOf(values.title);
    this.more.open = !all || values.keep !== "" || values.columns.length > 0 || !values.global_filters || !values.enabled;
    this.clear();
    this.inputs.where.focus();
  }

  /** @param {HTMLElement} target */
  #typed(target) {
    const { name, title } = this.inputs;
    if (target === name) this.named = name.value !== "";
    if (target === title && !this.named) name.value = nameOf(title.value);
    const part = target.closest("[data-part]");
    if (part instanceof HTMLElement) this.#clearPart(part);
    write(this.problem, "");
    this.changed();
  }

  /**
   * @param {Refusal} refusal
   * @returns {HTMLElement | null} the input it concerns
   */
  complain(refusal) {
    this.clear();
    const name = refusal.parameter.split(".")[0] || (CONCERNED[refusal.code] ?? "");
    const part = this.form.querySelector(`[data-part="${CSS.escape(name)}"]`);
    const place = part?.querySelector(".problem") ?? this.problem;
    write(place, refusal.message);
    if (part === null) return null;
    if (this.more.contains(part)) this.more.open = true;
    const condition = this.conditions.get(name);
    condition?.mark(refusal.column);
    if (condition !== undefined) offer(condition, place, refusal);
    const input = part.querySelector("textarea, input");
    input?.setAttribute("aria-invalid", "true");
    return input instanceof HTMLElement ? input : null;
  }

  /** Take all complaints away. */
  clear() {
    for (const part of this.form.querySelectorAll("[data-part]")) this.#clearPart(/** @type {HTMLElement} */ (part));
    write(this.problem, "");
  }

  /** @param {HTMLElement} part */
  #clearPart(part) {
    part.querySelector(".problem")?.replaceChildren();
    part.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
    this.conditions.get(part.dataset.part ?? "")?.mark(null);
  }

  closeSuggestions() {
    for (const condition of this.conditions.values()) condition.close();
  }
}

/**
 * Puts the name that the server suggests at a press of a button; the rules of alerts offer it too.
 * @param {ConditionInput} condition
 * @param {Element} place
 * @param {Refusal} refusal
 */
export function offer(condition, place, { message, column }) {
  const suggestion = suggestionIn(message);
  if (suggestion === "" || column === null) return;
  const button = element("button", { type: "button", class: "offer" }, `use ${suggestion}`);
  button.addEventListener("click", () => condition.mend(column, suggestion));
  place.append(button);
}
