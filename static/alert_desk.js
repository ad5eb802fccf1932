/**
 * The alerts of the page: what rings is shown, heard and kept in sight; rules are made, changed and deleted in a dialog,
 * beside a history of what rang and what did not and why. What rings comes over the socket; rules and history are asked
 * for when they are looked at.
 */

import { activityTable } from "./activity_log.js";
import { AlertForm } from "./alert_form.js";
import { Bell, browserMeans, choicesOf, STORED } from "./bell.js";
import { byId, element, onSave, write } from "./dom.js";
import { newYorkTime } from "./format.js";
import { definitionOfRule, freshRule, valuesOfRule, wordsOf } from "./rule.js";

/**
 * @typedef {import("./protocol.js").Alert} Alert
 * @typedef {import("./rule.js").Rule} Rule
 * @typedef {{ask: import("./api.js").Ask, say: (words: string) => void, look: (symbol: string) => void,
 *   lists: () => readonly {name: string, title: string}[], fields: () => Iterable<import("./columns.js").Field>}} Page
 */

const PATH = "/api/v1/alerts";
const MOST_SHOWN = 200;
const TOASTS = 4;
const TOAST_MS = 12_000;
/** @type {readonly (readonly [choice: "sound" | "speech" | "desktop", label: string])[]} */
const CHOICES = Object.freeze([["sound", "Sound"], ["speech", "Speech"], ["desktop", "Desktop notification"]]);

export class AlertDesk {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.bell = new Bell(browserMeans(), choicesOf(stored()));
    /** @type {Rule | null} the rule being changed, null while one is being made */
    this.rule = null;
    this.unseen = 0;
    this.form = new AlertForm(page.fields);
    this.title = element("h2");
    this.rules = element("ul", { class: "rules" });
    this.history = element("tbody");
    this.audible = element("p", { class: "note", role: "status" });
    this.remove = element("button", { type: "button", class: "danger" }, "Delete");
    this.toasts = element("div", { id: "toasts", role: "log", "aria-live": "polite" });
    this.dialog = this.#make();
    document.body.append(this.dialog, this.toasts);
    byId("alerts-open").addEventListener("click", () => void this.open());
  }

  /** @param {Alert} alert */
  rang(alert) {
    void this.bell.ring(alert);
    this.#toast(alert);
    if (this.dialog.open) this.history.prepend(this.#line({ ...alert, fired: true, why: "" }));
    else this.unseen += 1;
    this.#count();
  }

  async open() {
    this.unseen = 0;
    this.#count();
    this.form.setLists(this.page.lists());
    this.dialog.showModal();
    this.#turnTo(null);
    await Promise.all([this.#loadRules(), this.#loadHistory()]);
  }

  #make() {
    const close = element("button", { type: "button", "aria-label": "Close", title: "Close (Esc)" }, "✕");
    const fresh = element("button", { type: "button", class: "fresh" }, "+ New rule");
    const save = element("button", { type: "submit", class: "main", title: "Ctrl Enter" }, "Save the rule");
    const again = element("button", { type: "button" }, "Look again");
    this.form.form.append(element("footer", {}, this.remove, save));
    const { form } = this.form;
    onSave(form, () => void this.#save());
    close.addEventListener("click", () => this.dialog.close());
    fresh.addEventListener("click", () => this.#turnTo(null));
    again.addEventListener("click", () => void this.#loadHistory());
    this.remove.addEventListener("click", () => void this.#delete());
    this.history.addEventListener("click", ({ target }) => this.#pressed(target));
    const log = element("div", { class: "rang", role: "region", tabindex: "0", "aria-label": "What rang" },
      activityTable("What rang, and what did not and why", this.history));
    const dialog = element("dialog", { id: "alerts", "aria-labelledby": "alerts-title" },
      element("header", {}, this.title, close),
      form,
      element("nav", { "aria-label": "All rules" }, fresh, this.rules, this.#choices()),
      element("section", { "aria-label": "History" }, element("h3", {}, "What rang, and what did not and why ", again), log));
    this.title.id = "alerts-title";
    dialog.addEventListener("close", () => this.form.condition.close());
    return dialog;
  }

  #choices() {
    const boxes = CHOICES.map(([choice, label]) => {
      const box = element("input", { type: "checkbox", "data-choice": choice });
      box.checked = this.bell.choices[choice];
      box.addEventListener("change", () => void this.#choose(choice, box));
      return element("label", {}, box, label);
    });
    const volume = element("input", { type: "range", min: "0", max: "1", step: "0.1", "aria-label": "Loudness" });
    volume.value = String(this.bell.choices.volume);
    volume.addEventListener("change", () => this.#keep({ volume: Number(volume.value) }));
    const trial = element("button", { type: "button" }, "Try the sound");
    trial.addEventListener("click", () => {
      this.bell.play(this.form.values().sound || "bell");
      this.#sayAudible();
    });
    return element("div", { class: "bell-choices" }, element("h3", {}, "In this browser"), ...boxes, volume, trial, this.audible);
  }

  /**
   * @param {"sound" | "speech" | "desktop"} choice
   * @param {HTMLInputElement} box
   */
  async #choose(choice, box) {
    if (choice === "desktop" && box.checked) {
      const answer = await globalThis.Notification?.requestPermission();
      box.checked = answer === "granted";
      if (!box.checked) this.page.say("the browser does not let this page notify: its settings for this site decide");
    }
    this.#keep({ [choice]: box.checked });
  }

  /** @param {Partial<import("./bell.js").Choices>} choices */
  #keep(choices) {
    Object.assign(this.bell.choices, choices);
    try {
      localStorage.setItem(STORED, JSON.stringify(this.bell.choices));
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    this.#sayAudible();
  }

  #sayAudible() {
    const silent = this.bell.choices.sound && !this.bell.audible;
    write(this.audible, silent ? "no sound before a press or a key in this window: the browser wants it so" : "");
  }

  /** @param {Rule | null} rule */
  #turnTo(rule) {
    this.rule = rule;
    this.form.fill(rule === null ? freshRule() : valuesOfRule(rule), rule !== null);
    write(this.title, rule === null ? "New alert" : rule.name);
    this.remove.hidden = rule === null || rule.origin !== "user";
    write(this.remove, "Delete");
    this.form.inputs.where?.focus();
    this.#sayAudible();
  }

  async #save() {
    const values = this.form.values();
    const definition = definitionOfRule(values);
    const path = `${PATH}/${encodeURIComponent(values.name)}`;
    const { content, refusal } = this.rule === null
      ? await this.page.ask("POST", PATH, { name: values.name, ...definition })
      : await this.page.ask("PUT", path, definition);
    if (refusal !== null) return this.form.complain(refusal);
    this.page.say(`${content.name} rings when: ${wordsOf(content)}`);
    await this.#loadRules();
    this.#turnTo(content);
  }

  async #delete() {
    if (this.rule === null) return;
    const { name } = this.rule;
    // The second press of the same button is the answer to what it asks.
    if (this.remove.textContent === "Delete") return write(this.remove, `Really delete ${name}?`);
    const { refusal } = await this.page.ask("DELETE", `${PATH}/${encodeURIComponent(name)}`);
    if (refusal !== null) return this.form.complain(refusal);
    this.#turnTo(null);
    await this.#loadRules();
  }

  async #loadRules() {
    const { content, refusal } = await this.page.ask("GET", PATH);
    if (refusal !== null) return this.form.complain(refusal);
    const rules = /** @type {Rule[]} */ (content.alerts);
    this.rules.replaceChildren(...rules.map((rule) => this.#entry(rule)));
    if (rules.length === 0) this.rules.append(element("li", { class: "note" }, "no rule yet"));
  }

  /** @param {Rule} rule */
  #entry(rule) {
    const counts = `rang ${rule.fired}, silent ${rule.suppressed}`;
    const state = rule.state === "error" ? rule.reason : rule.state === "on" ? counts : "off";
    const button = element("button", { type: "button", "data-rule": rule.name, "data-state": rule.state },
      element("b", {}, rule.name), element("span", {}, wordsOf(rule)), element("small", {}, state));
    button.addEventListener("click", () => this.#turnTo(rule));
    return element("li", {}, button);
  }

  async #loadHistory() {
    const { content, refusal } = await this.page.ask("GET", `${PATH}/history?limit=${MOST_SHOWN}`);
    if (refusal !== null) return this.page.say(refusal.message);
    this.history.replaceChildren(...content.alerts.map((/** @type {any} */ alert) => this.#line(alert)));
  }

  /** @param {Omit<Alert, "symbol"> & {symbol: string | null, fired: boolean, why: string}} alert */
  #line({ timestamp, symbol, rule, text, fired, why }) {
    const name = symbol === null ? element("span") : element("button", { type: "button", class: "symbol" }, symbol);
    return element("tr", { "data-fired": fired ? "yes" : "no", title: text },
      element("td", {}, newYorkTime(timestamp)), element("td", {}, name), element("td", {}, rule), element("td", {}, text),
      element("td", { class: fired ? "entered" : "" }, fired ? "rang" : why));
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    const symbol = target instanceof HTMLButtonElement ? target.textContent : null;
    if (symbol === null || symbol === "") return;
    this.dialog.close();
    this.page.look(symbol);
  }

  /** @param {Alert} alert */
  #toast(alert) {
    const { symbol, text, rule, timestamp } = alert;
    const toast = element("button", { type: "button", class: "toast", title: `Look at ${symbol}` },
      element("b", {}, text), element("span", {}, `${rule} · ${newYorkTime(timestamp)}`));
    toast.addEventListener("click", () => {
      toast.remove();
      this.page.look(symbol);
    });
    this.toasts.prepend(toast);
    while (this.toasts.children.length > TOASTS) this.toasts.lastElementChild?.remove();
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  #count() {
    write(byId("alerts-unseen"), this.unseen === 0 ? "" : ` ${this.unseen}`);
  }
}

function stored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}
