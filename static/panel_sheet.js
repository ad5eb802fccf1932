/**
 * The sheet on which one panel is set up: which list, which columns and in which order, sorted by what, how dense, which
 * colour group, which size, which place. What is chosen is done at once, so there is nothing to save.
 */

import { ColumnChoice } from "./column_choice.js";
import { preferred } from "./columns.js";
import { buttonOf, labelled } from "./controls.js";
import { element } from "./dom.js";
import { DENSITIES, LARGEST, LIST } from "./layout.js";
import { GROUPS } from "./selection.js";

/**
 * @typedef {import("./layout.js").PanelSpec} PanelSpec
 * @typedef {import("./protocol.js").ListInfo} ListInfo
 * @typedef {{infos: () => ListInfo[], change: (id: number, parts: import("./panel_kinds.js").Parts) => void,
 *   move: (id: number, step: number) => void, remove: (id: number) => void, editList: (name: string) => void,
 *   send: (list: string, columns: string[]) => void, specOf: (id: number) => PanelSpec | undefined}} Owner
 */

const OWN_ORDER = "";

export class PanelSheet {
  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    this.id = 0;
    /** @type {Map<string, import("./columns.js").Field>} */
    this.catalogue = new Map();
    this.list = element("select");
    this.sort = element("select");
    this.descending = element("input", { type: "checkbox" });
    this.density = selectOf(DENSITIES);
    this.group = selectOf(GROUPS);
    this.width = element("input", { type: "number", min: "1", max: String(LARGEST.w) });
    this.height = element("input", { type: "number", min: "1", max: String(LARGEST.h) });
    const summary = element("b");
    this.columnBox = element("div", { class: "fields", role: "group", "aria-label": "Columns" });
    this.columns = new ColumnChoice(this.columnBox, summary);
    this.usual = buttonOf("The usual columns and widths", () => this.#change({ columns: undefined, widths: undefined }));
    this.listParts = element(
      "div",
      { class: "list-parts" },
      labelled("List", this.list),
      labelled("Sorted by", this.sort),
      element("label", { class: "check" }, this.descending, "largest first"),
      labelled("Rows", this.density),
      element("p", { class: "columns-now" }, "Columns, as many as fit: ", summary),
      this.columnBox,
      element("p", { class: "pair" }, this.usual, buttonOf("Edit the list itself", () => this.#editList())),
    );
    this.dialog = element(
      "dialog",
      { id: "panel-sheet", "aria-label": "Set up this panel" },
      element("form", { method: "dialog" },
        element("h2", {}, "This panel"),
        this.listParts,
        labelled("Colour group", this.group),
        labelled("Width", this.width),
        labelled("Height", this.height),
        element("footer", {},
          buttonOf("Earlier", () => this.owner.move(this.id, -1)),
          buttonOf("Later", () => this.owner.move(this.id, 1)),
          buttonOf("Take away", () => {
            this.dialog.close();
            this.owner.remove(this.id);
          }),
          element("button", { class: "main" }, "Done"))),
    );
    document.body.append(this.dialog);
    this.dialog.addEventListener("change", ({ target }) => this.#changed(target));
  }

  /** @param {Map<string, import("./columns.js").Field>} catalogue */
  setCatalogue(catalogue) {
    this.columns.setCatalogue(catalogue);
    this.catalogue = catalogue;
  }

  /** @param {number} id */
  open(id) {
    this.id = id;
    if (this.#fill()) this.dialog.showModal();
  }

  /** @returns {boolean} whether there is such a panel */
  #fill() {
    const spec = this.owner.specOf(this.id);
    if (spec === undefined) return false;
    this.listParts.hidden = spec.kind !== LIST;
    this.group.value = spec.group;
    this.width.value = String(spec.w);
    this.height.value = String(spec.h);
    if (spec.kind === LIST) this.#fillList(spec);
    return true;
  }

  /** @param {PanelSpec} spec */
  #fillList(spec) {
    const infos = this.owner.infos();
    this.list.replaceChildren(...infos.map(({ name, title }) => element("option", { value: name }, title)));
    this.list.value = spec.list ?? "";
    const shown = this.#shown(spec);
    const titles = shown.map((name) => element("option", { value: name }, this.catalogue.get(name)?.title ?? name));
    const own = element("option", { value: OWN_ORDER }, "the list's own order");
    this.sort.replaceChildren(own, element("option", { value: "symbol" }, "Symbol"), ...titles);
    this.sort.value = spec.sort?.column ?? OWN_ORDER;
    this.descending.checked = spec.sort?.descending ?? true;
    this.descending.disabled = spec.sort === undefined;
    this.density.value = spec.density ?? "normal";
    this.columns.choose(shown);
    this.usual.disabled = spec.columns === undefined && spec.widths === undefined;
  }

  #editList() {
    const { list } = this.owner.specOf(this.id) ?? {};
    this.dialog.close();
    if (list !== undefined) this.owner.editList(list);
  }

  /** @param {PanelSpec} spec */
  #shown(spec) {
    const info = this.owner.infos().find(({ name }) => name === spec.list);
    return [...(spec.columns ?? preferred(spec.list ?? "", info?.columns ?? []))];
  }

  /** @param {import("./panel_kinds.js").Parts} parts */
  #change(parts) {
    this.owner.change(this.id, parts);
    this.#fill();
  }

  /** @param {EventTarget | null} target */
  #changed(target) {
    const sort = this.sort.value;
    if (target === this.list) this.#change({ list: this.list.value, sort: undefined, columns: undefined });
    else if (target === this.density) this.#change({ density: this.density.value });
    else if (target === this.group) this.#change({ group: this.group.value });
    else if (target === this.sort || target === this.descending) {
      this.#change({ sort: sort === OWN_ORDER ? undefined : { column: sort, descending: this.descending.checked } });
    } else if (target === this.width || target === this.height) this.#resize();
    else this.#chooseColumns();
  }

  #resize() {
    const [w, h] = [Math.round(Number(this.width.value)), Math.round(Number(this.height.value))];
    if (w >= 1 && w <= LARGEST.w && h >= 1 && h <= LARGEST.h) this.#change({ w, h });
    else this.#fill();
  }

  /** A list sends the columns it has; one that is wanted here and that it has not, it is to send from now on. */
  #chooseColumns() {
    const spec = this.owner.specOf(this.id);
    const columns = [...this.columns.chosen];
    if (spec?.list === undefined || columns.length === 0) return;
    const sent = this.owner.infos().find(({ name }) => name === spec.list)?.columns ?? [];
    const missing = columns.filter((name) => !sent.includes(name));
    if (missing.length > 0) this.owner.send(spec.list, [...sent, ...missing]);
    this.#change({ columns });
  }
}

/** @param {readonly string[]} words */
function selectOf(words) {
  return element("select", {}, ...words.map((word) => element("option", { value: word }, word)));
}
