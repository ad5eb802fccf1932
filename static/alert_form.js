/**
 * The form of a rule of alerts: completion of field names in its condition, and what is wrong beside the input that it
 * concerns, with the place marked in the text. `alert_desk.js` owns it and talks to the server.
 */

import { SOUNDS } from "./bell.js";
import { ConditionInput } from "./condition_input.js";
import { element, write } from "./dom.js";
import { OCCASIONS } from "./rule.js";
import { offer } from "./scan_form.js";

/**
 * @typedef {import("./rule.js").Values} Values
 * @typedef {import("./columns.js").Field} Field
 */

/** @type {{[code: string]: string}} the input that a refusal concerns which names none */
const CONCERNED = { exists: "name" };
const NEEDS_LIST = new Set(["entered", "left"]);

/** @type {readonly (readonly [part: string, label: string, hint: string])[]} */
const TEXTS = Object.freeze([
  ["text", "It says, after the symbol", "what happened"],
  ["cooldown_s", "Silent for the same symbol, seconds", "60"],
  ["quiet", "Quiet hours, New York", "20:00-07:00"],
  ["webhook", "Webhook", "https://…"],
  ["webhook_secret", "Webhook secret", "unsigned, or as it is"],
]);

export class AlertForm {
  /** @param {() => Iterable<Field>} fields */
  constructor(fields) {
    /** @type {{[part: string]: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement}} */
    this.inputs = {};
    this.problem = element("p", { class: "problem", role: "status" });
    const where = element("textarea", { id: "rule-where", rows: "2", spellcheck: "false", autocapitalize: "off", placeholder: "rvol >= 5 and price between 1 and 20" });
    const list = element("select");
    const on = element("select");
    on.append(...Object.entries(OCCASIONS).map(([value, words]) => element("option", { value }, words)));
    const sound = element("select");
    sound.append(element("option", { value: "" }, "usual"), ...Object.keys(SOUNDS).map((name) => element("option", { value: name }, name)));
    this.once = element("input", { type: "checkbox" });
    this.enabled = element("input", { type: "checkbox" });
    this.parts = element("div", { class: "parts" },
      this.#part("on", "Rings when", on, "half"),
      this.#part("list", "List", list, "half"),
      this.#part("where", "Condition", where, ""),
      this.#part("count", "Minutes of the last 15 with a new high", element("input", { inputmode: "numeric", placeholder: "1" }), "half"),
      this.#part("name", "Name", element("input", { maxlength: "32", spellcheck: "false", autocapitalize: "off", placeholder: "runners" }), "half"),
      this.#part("sound", "Sound", sound, "half"),
      ...TEXTS.map(([part, label, placeholder]) => {
        const type = part === "webhook_secret" ? { type: "password", autocomplete: "new-password" } : {};
        return this.#part(part, label, element("input", { placeholder, spellcheck: "false", ...type }), "half");
      }),
      element("div", { class: "part choices" },
        element("label", {}, this.once, "Once a day for a symbol"), element("label", {}, this.enabled, "Switched on")),
    );
    this.form = element("form", { id: "rule", novalidate: "", autocomplete: "off" }, this.parts, this.problem);
    this.condition = new ConditionInput(where, fields);
    this.form.addEventListener("input", ({ target }) => this.#typed(target));
    on.addEventListener("change", () => this.#arrange());
  }

  /**
   * @param {string} part
   * @param {string} label
   * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} input
   * @param {string} width
   */
  #part(part, label, input, width) {
    input.id = `rule-${part}`;
    this.inputs[part] = input;
    const box = part === "where" ? element("div", { class: "condition" }, input) : input;
    const problem = element("p", { class: "problem", role: "status" });
    return element("div", { class: `part ${width}`, "data-part": part }, element("label", { for: input.id }, label), box, problem);
  }

  /** @param {readonly {name: string, title: string}[]} lists */
  setLists(lists) {
    const select = /** @type {HTMLSelectElement} */ (this.inputs.list);
    const { value } = select;
    select.replaceChildren(element("option", { value: "" }, "any, or none"), ...lists.map(({ name, title }) => element("option", { value: name }, title)));
    select.value = value;
  }

  /** @returns {Values} */
  values() {
    const texts = Object.fromEntries(Object.entries(this.inputs).map(([part, input]) => [part, input.value]));
    texts.name = (texts.name ?? "").trim();
    return /** @type {Values} */ ({ ...texts, once_per_day: this.once.checked, enabled: this.enabled.checked });
  }

  /**
   * @param {Values} values
   * @param {boolean} known whether the rule is there, so that its name stands
   */
  fill(values, known) {
    for (const [part, input] of Object.entries(this.inputs)) input.value = String(values[/** @type {keyof Values} */ (part)] ?? "");
    this.once.checked = values.once_per_day;
    this.enabled.checked = values.enabled;
    this.inputs.name?.toggleAttribute("readonly", known);
    this.clear();
    this.#arrange();
  }

  /** @param {import("./api.js").Refusal} refusal */
  complain(refusal) {
    this.clear();
    const name = refusal.parameter.split(".")[0] || (CONCERNED[refusal.code] ?? "");
    const part = this.form.querySelector(`[data-part="${CSS.escape(name)}"]`);
    const place = part?.querySelector(".problem") ?? this.problem;
    write(place, refusal.message);
    if (name === "where") {
      this.condition.mark(refusal.column);
      offer(this.condition, place, refusal);
    }
    const input = this.inputs[name];
    input?.setAttribute("aria-invalid", "true");
    input?.focus();
  }

  clear() {
    for (const problem of this.form.querySelectorAll(".problem")) write(problem, "");
    for (const input of this.form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    this.condition.mark(null);
  }

  /** @param {EventTarget | null} target */
  #typed(target) {
    const part = target instanceof Element ? target.closest("[data-part]") : null;
    part?.querySelector(".problem")?.replaceChildren();
    part?.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
    write(this.problem, "");
  }

  /** What a rule of this kind has no use for is not asked. */
  #arrange() {
    const on = this.inputs.on?.value ?? "";
    this.parts.querySelector('[data-part="count"]')?.toggleAttribute("hidden", on !== "new_high");
    const option = this.inputs.list?.querySelector('option[value=""]');
    if (option) write(option, NEEDS_LIST.has(on) ? "choose one" : "any, or none");
  }
}
