/**
 * The dialog in which lists are made, changed and deleted, with a live preview, and an overview of all lists that says
 * why one is not made. What it saves comes back over the socket like any other change, so it touches no panel itself.
 * `main.js` opens it.
 */

import { isBuiltIn } from "./columns.js";
import { BUILT_IN, changesOf, definitionOf, nothingYet, originOf, OWN, standingOf, valuesOf } from "./definition.js";
import { byId, element, onSave, write } from "./dom.js";
import { Latest } from "./latest.js";
import { Preview, PREVIEW_ROWS } from "./preview.js";
import { ScanForm } from "./scan_form.js";

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./definition.js").Entry} Entry
 *
 * What a builder needs from the page; `saved` is told which list to go to.
 * @typedef {{ask: import("./api.js").Ask, saved: (name: string) => void, say: (words: string) => void}} Surroundings
 */

const PATH = "/api/v1/scans";
const HINT = "Type a condition: what qualifies now is shown here.";

export class Builder {
  /** @param {Surroundings} surroundings */
  constructor({ ask, saved, say }) {
    this.ask = ask;
    this.saved = saved;
    this.say = say;
    /** @type {Map<string, Field>} */
    this.catalogue = new Map();
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Entry | null} the list being changed, null while one is being made */
    this.entry = null;
    /** What was typed for a new list: it outlives a closed dialog, and a look at another list. */
    this.draft = nothingYet();
    this.busy = false;

    this.dialog = /** @type {HTMLDialogElement} */ (byId("builder"));
    this.title = byId("builder-title");
    this.reason = byId("builder-reason");
    this.overview = byId("builder-lists");
    this.confirmation = byId("builder-confirm");
    this.remove = byId("builder-delete");
    this.save = /** @type {HTMLButtonElement} */ (byId("builder-save"));
    this.form = new ScanForm(() => this.#try());
    this.preview = new Preview(byId("builder-preview"), () => this.catalogue);
    /** @type {Latest<object, Answer>} */
    this.latest = new Latest(
      (definition) => ask("POST", `${PATH}/preview`, definition),
      (answer) => this.#previewed(answer),
      (ms, act) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
    );
    this.#listen();
  }

  /** @param {Map<string, Field>} catalogue */
  setCatalogue(catalogue) {
    this.catalogue = catalogue;
    this.form.setCatalogue(catalogue);
  }

  /** @param {string} [name] of the list to change; none to make one */
  async open(name) {
    this.dialog.showModal();
    this.#turnTo(null);
    const { content, refusal } = await this.ask("GET", PATH);
    this.entries = Array.isArray(content?.scans) ? content.scans : [];
    this.#showOverview();
    if (refusal !== null) this.form.complain(refusal);
    const entry = this.entries.find((each) => each.name === name);
    if (entry !== undefined && this.dialog.open) this.#turnTo(entry);
  }

  #listen() {
    onSave(this.form.form, () => void this.#save());
    this.dialog.addEventListener("close", () => {
      this.latest.drop();
      this.form.closeSuggestions();
    });
    byId("builder-close").addEventListener("click", () => this.dialog.close());
    byId("builder-new").addEventListener("click", () => this.#turnTo(null));
    this.remove.addEventListener("click", () => this.#askWhether(true));
    byId("builder-keep").addEventListener("click", () => this.#askWhether(false));
    byId("builder-sure").addEventListener("click", () => void this.#delete());
  }

  /** @param {Entry | null} entry */
  #turnTo(entry) {
    if (this.entry === null) this.draft = this.form.values();
    this.entry = entry;
    this.form.fill(entry === null ? this.draft : valuesOf(entry), entry !== null);
    write(this.title, entry === null ? "New list" : titleOf(entry));
    write(this.remove, isBuiltIn(entry?.name ?? "") ? "Restore" : "Delete");
    write(this.save, entry === null ? "Make the list" : "Save");
    write(this.reason, entry === null || entry.made ? "" : `This list is not made: ${entry.reason}`);
    this.#askWhether(false);
    this.#showOverview();
    this.preview.empty(HINT);
    this.#try();
  }

  #try() {
    const values = this.form.values();
    this.latest.drop();
    this.preview.old(true);
    if (values.where.trim() === "") this.preview.empty(HINT);
    else this.latest.want({ ...definitionOf(values), limit: PREVIEW_ROWS });
  }

  /** @param {Answer} answer */
  #previewed({ content, refusal }) {
    if (refusal !== null) {
      this.form.complain(refusal);
      return;
    }
    const { name, columns, size } = this.form.values();
    this.preview.show(content, name, columns, Number(size || Number.NaN));
  }

  async #save() {
    const { entry } = this;
    const values = this.form.values();
    const definition = definitionOf(values);
    if (entry === null) await this.#keep("POST", PATH, { ...definition, name: values.name });
    else {
      const changes = changesOf(entry, definition);
      if (changes === null) this.dialog.close();
      else await this.#keep("PUT", pathOf(entry), changes);
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} definition
   */
  async #keep(method, path, definition) {
    /** @type {Entry | null} */
    const entry = await this.#change(method, path, definition);
    if (entry === null) return;
    if (method === "POST") this.draft = nothingYet();
    this.entry = entry;
    if (entry.made) this.saved(entry.name);
    else this.say(`${entry.title ?? entry.name} is saved, and not made: ${entry.reason}`);
  }

  async #delete() {
    const { entry } = this;
    if (entry === null || (await this.#change("DELETE", pathOf(entry))) === null) return;
    this.say(`${entry.title ?? entry.name} is ${isBuiltIn(entry.name) ? "as it was built in" : "deleted"}`);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [content]
   * @returns {Promise<any>} what the server says, and the dialog is closed; null if it refused
   */
  async #change(method, path, content) {
    if (this.busy) return null;
    this.busy = true;
    this.latest.drop();
    const answer = await this.ask(method, path, content);
    this.busy = false;
    this.#askWhether(false);
    if (answer.refusal === null) this.dialog.close();
    else this.form.complain(answer.refusal)?.focus();
    return answer.content;
  }

  /** @param {boolean} asking whether the list is to be deleted */
  #askWhether(asking) {
    const { entry } = this;
    this.confirmation.hidden = !asking;
    this.save.hidden = asking;
    this.remove.hidden = asking || entry?.origin !== OWN;
    if (!asking || entry === null) return;
    const title = entry.title ?? entry.name;
    const question = isBuiltIn(entry.name) ? `Make ${title} as it was built in?` : `Delete ${title}?`;
    write(byId("builder-question"), question);
    byId("builder-keep").focus();
  }

  #showOverview() {
    const items = this.entries.map((entry) => {
      const item = itemOf(entry, entry.name === this.entry?.name);
      item.addEventListener("click", () => this.#turnTo(entry));
      return element("li", {}, item);
    });
    this.overview.replaceChildren(...items);
  }
}

/** @param {Entry} entry */
function pathOf(entry) {
  return `${PATH}/${encodeURIComponent(entry.name)}`;
}

/** @param {Entry} entry */
function titleOf(entry) {
  const changed = entry.origin === OWN && isBuiltIn(entry.name);
  return `${entry.title ?? entry.name} · ${changed ? "built in, changed by you" : originOf(entry)}`;
}

/**
 * @param {Entry} entry
 * @param {boolean} current
 */
function itemOf(entry, current) {
  return element(
    "button",
    { type: "button", "data-scan": entry.name, "aria-current": String(current) },
    element("b", {}, entry.title ?? entry.name),
    element("span", { class: "origin" }, entry.origin === BUILT_IN ? "" : originOf(entry)),
    element("span", { class: entry.made ? "standing" : "standing reason" }, standingOf(entry)),
  );
}
