/**
 * What stands around every panel: its title, count and note, the buttons for what can be done with it, the edge by which
 * it is resized and the head by which it is dragged to another place. `panels.js` makes one for each panel.
 */

import { element, write } from "./dom.js";
import { LIST, resized } from "./layout.js";
import { KIND_TITLES, titleFromName } from "./panel_kinds.js";

/**
 * @typedef {import("./layout.js").PanelSpec} PanelSpec
 * @typedef {import("./panel_kinds.js").Shown} Shown
 * @typedef {{change: (id: number, parts: import("./panel_kinds.js").Parts) => void,
 *   drop: (id: number, onto: Element | null) => void,
 *   edit: (id: number) => void, configure: (id: number) => void, popOut: (id: number) => void, remove: (id: number) => void,
 *   cell: () => {width: number, height: number}}} Owner
 */

/** A press that moved less than this was none to drag. */
const DRAG_FROM_PX = 6;
/** @type {{[key: string]: [number, number]}} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class PanelFrame {
  /**
   * @param {PanelSpec} spec
   * @param {import("./panel_kinds.js").PageParts} page
   * @param {Owner} owner
   * @param {import("./panel_kinds.js").Kind} kind
   */
  constructor(spec, page, owner, kind) {
    this.spec = spec;
    this.owner = owner;
    this.title = element("h2");
    this.count = element("span", { class: "count" });
    this.note = element("span", { class: "note" });
    this.chip = element("span", { class: "chip" });
    this.bar = element("header", {}, this.title, this.count, this.note, this.chip, this.#buttons());
    this.body = element("div", { class: "panel-body" });
    this.corner = element("button", { type: "button", class: "corner", tabindex: "-1", "aria-label": "Size", title: "Size (Shift and arrows)" });
    this.section = element("section", { class: "panel", "data-kind": spec.kind }, this.bar, this.body, this.corner);
    this.tab = element("button", { type: "button" });
    this.bar.addEventListener("pointerdown", (event) => this.#dragged(event));
    this.corner.addEventListener("pointerdown", (event) => this.#stretched(event));
    this.head({ title: spec.kind === LIST ? titleFromName(spec.list ?? "") : (KIND_TITLES[spec.kind] ?? "") });
    this.#dress();
    /** @type {Shown} */
    this.shown = kind(this.body, {
      page,
      spec: () => this.spec,
      group: () => this.spec.group,
      change: (parts) => owner.change(this.spec.id, parts),
      head: (words) => this.head(words),
    });
    this.watcher = new ResizeObserver((boxes) => {
      for (const { contentRect } of boxes) this.shown.resize?.(contentRect.width, contentRect.height);
    });
    this.watcher.observe(this.body);
  }

  /** @param {PanelSpec} spec the same panel as it is to be now */
  show(spec) {
    if (spec === this.spec) return;
    this.spec = spec;
    this.#dress();
    this.shown.show?.(spec);
  }

  /** @param {{title?: string, count?: string, note?: string}} words */
  head({ title, count, note }) {
    if (title !== undefined) {
      write(this.title, title);
      write(this.tab, title);
      this.section.setAttribute("aria-label", title);
    }
    if (count !== undefined) write(this.count, count);
    if (note !== undefined) write(this.note, note);
  }

  close() {
    this.watcher.disconnect();
    this.shown.close();
    this.section.remove();
    this.tab.remove();
  }

  #dress() {
    const { id, list, group } = this.spec;
    this.section.id = `panel-${id}`;
    this.tab.setAttribute("aria-controls", this.section.id);
    if (list !== undefined) this.section.dataset.list = list;
    this.section.dataset.group = group;
    this.chip.title = `Follows the ${group} group`;
    write(this.chip, group.charAt(0).toUpperCase());
  }

  #buttons() {
    const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {string} */ key, /** @type {(id: number) => void} */ act) => {
      const made = element("button", { type: "button", title: `${label} (${key})`, "aria-label": label }, sign);
      made.addEventListener("click", () => act(this.spec.id));
      return made;
    };
    const edit = button("✎", "Edit this list", "e", this.owner.edit);
    edit.classList.add("edit");
    return element(
      "span",
      { class: "actions" },
      ...(this.spec.kind === LIST ? [edit] : []),
      button("⚙", "Set up this panel", "s", this.owner.configure),
      button("↗", "Own window", "o", this.owner.popOut),
      button("✕", "Take this panel away", "x", this.owner.remove),
    );
  }

  /** @param {PointerEvent} event */
  #dragged(event) {
    if (event.button !== 0 || (event.target instanceof Element && event.target.closest("button") !== null)) return;
    const away = (/** @type {PointerEvent} */ at) => {
      return Math.hypot(at.clientX - event.clientX, at.clientY - event.clientY) > DRAG_FROM_PX;
    };
    /** @type {Element | null} */
    let onto = null;
    this.#follow(event, (move) => {
      if (onto === null && !away(move)) return;
      this.section.toggleAttribute("data-dragged", true);
      const over = document.elementFromPoint(move.clientX, move.clientY)?.closest(".panel") ?? null;
      onto?.removeAttribute("data-target");
      onto = over ?? onto;
      if (onto !== this.section) onto?.setAttribute("data-target", "");
    }, () => {
      this.section.removeAttribute("data-dragged");
      onto?.removeAttribute("data-target");
      if (onto !== null && onto !== this.section) this.owner.drop(this.spec.id, onto);
    });
  }

  /** @param {PointerEvent} event */
  #stretched(event) {
    const from = this.spec;
    const cell = this.owner.cell();
    this.#follow(event, (move) => {
      const wider = Math.round((move.clientX - event.clientX) / cell.width);
      const higher = Math.round((move.clientY - event.clientY) / cell.height);
      const size = resized(from, wider, higher);
      if (size.w !== this.spec.w || size.h !== this.spec.h) this.owner.change(this.spec.id, size);
    }, () => {});
  }

  /**
   * @param {PointerEvent} event
   * @param {(move: PointerEvent) => void} moved
   * @param {() => void} ended
   */
  #follow(event, moved, ended) {
    event.preventDefault();
    const over = new AbortController();
    const { signal } = over;
    addEventListener("pointermove", moved, { signal });
    for (const kind of ["pointerup", "pointercancel"]) {
      addEventListener(kind, () => {
        over.abort();
        ended();
      }, { signal });
    }
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether it was for this panel
   */
  key(event) {
    if (this.shown.key?.(event) === true) return true;
    const step = event.shiftKey ? STEPS[event.key] : undefined;
    if (step === undefined) return false;
    this.owner.change(this.spec.id, resized(this.spec, ...step));
    return true;
  }

  focus() {
    if (this.shown.focus !== undefined) this.shown.focus();
    else this.section.querySelector("button")?.focus();
  }
}
