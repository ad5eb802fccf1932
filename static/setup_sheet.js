/**
 * The sheet on which the page is set up: a panel is added, layouts are kept, taken from a file and handed on, and the
 * looks are chosen. What is wrong with a file is said where it was chosen.
 */

import { buttonOf, labelled } from "./controls.js";
import { element, write } from "./dom.js";
import { BadLayout, layoutFile, LIST, readLayoutFile } from "./layout.js";
import { KIND_TITLES } from "./panel_kinds.js";
import { CHOICES, look, setLook } from "./theme.js";

/**
 * @typedef {{layouts: import("./layouts.js").Layouts, infos: () => import("./protocol.js").ListInfo[],
 *   kinds: string[], add: (panel: {kind: string, list?: string}) => void, turned: () => void, looked: () => void,
 *   link: () => string, say: (words: string) => void}} Owner
 */

const LARGEST_FILE_BYTES = 100_000;
/** @type {{[part in keyof typeof CHOICES]: string}} */
const LOOKS = { theme: "Colours", palette: "Up and down", text: "Text" };
/** @type {{[choice: string]: string}} */
const WORDS = { usual: "green and red", safe: "blue and orange" };

export class SetupSheet {
  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    this.what = element("select");
    this.layout = element("select");
    this.name = element("input", { maxlength: "40", placeholder: "My morning", spellcheck: "false", autocomplete: "off" });
    this.file = element("input", { type: "file", accept: ".json,application/json" });
    this.problem = element("p", { class: "problem", role: "status" });
    this.looks = /** @type {(keyof typeof CHOICES)[]} */ (Object.keys(CHOICES)).map((part) => ({ part, select: lookOf(part) }));
    this.dialog = element(
      "dialog",
      { id: "setup", "aria-label": "Set up the page" },
      element("form", { method: "dialog" },
        element("h2", {}, "Add a panel"),
        labelled("Shows", this.what),
        element("p", { class: "pair" }, buttonOf("Add", () => this.#add())),
        element("h2", {}, "Layout"),
        labelled("In use", this.layout),
        labelled("Name", this.name),
        labelled("From a file", this.file),
        element("p", { class: "pair" },
          buttonOf("Keep as a new one", () => this.#try(() => owner.layouts.adopt(this.name.value, owner.layouts.layout))),
          buttonOf("Delete, or begin anew", () => this.#try(() => owner.layouts.remove())),
          buttonOf("To a file", () => this.#export()),
          buttonOf("Copy a link", () => void this.#copy())),
        this.problem,
        element("h2", {}, "Looks"),
        ...this.looks.map(({ part, select }) => labelled(LOOKS[part], select)),
        element("footer", {}, element("button", { class: "main" }, "Done"))),
    );
    document.body.append(this.dialog);
    this.layout.addEventListener("change", () => this.#try(() => owner.layouts.use(this.layout.value)));
    this.file.addEventListener("change", () => void this.#import());
    for (const { part, select } of this.looks) {
      select.addEventListener("change", () => {
        setLook(part, select.value);
        owner.looked();
      });
    }
  }

  open() {
    this.#fill();
    this.dialog.showModal();
    this.what.focus();
  }

  #fill() {
    const { layouts, infos, kinds } = this.owner;
    const others = kinds.filter((kind) => kind !== LIST).map((kind) => optionOf(`:${kind}`, KIND_TITLES[kind] ?? kind));
    this.what.replaceChildren(...infos().map(({ name, title }) => optionOf(name, title)), ...others);
    this.layout.replaceChildren(...layouts.names.map((name) => optionOf(name, name)));
    this.layout.value = layouts.current;
    this.file.value = "";
    write(this.problem, "");
    for (const { part, select } of this.looks) select.value = look(part);
  }

  #add() {
    const { value } = this.what;
    if (value === "") return;
    this.dialog.close();
    this.owner.add(value.startsWith(":") ? { kind: value.slice(1) } : { kind: LIST, list: value });
  }

  /** @param {() => unknown} act */
  #try(act) {
    try {
      act();
    } catch (error) {
      if (!(error instanceof BadLayout)) throw error;
      write(this.problem, error.message);
      return;
    }
    this.owner.turned();
    this.#fill();
  }

  async #import() {
    const file = this.file.files?.[0];
    if (file === undefined) return;
    const text = file.size > LARGEST_FILE_BYTES ? null : await file.text();
    this.#try(() => {
      try {
        if (text === null) throw new BadLayout(`it is larger than ${LARGEST_FILE_BYTES / 1_000} kB`);
        const { name, layout } = readLayoutFile(text);
        this.owner.layouts.adopt(name, layout);
      } catch (error) {
        throw error instanceof BadLayout ? new BadLayout(`${file.name}: ${error.message}`) : error;
      }
    });
  }

  #export() {
    const { current, layout } = this.owner.layouts;
    const address = URL.createObjectURL(new Blob([layoutFile(current, layout)], { type: "application/json" }));
    element("a", { href: address, download: `${current}.tradeul.json` }).click();
    URL.revokeObjectURL(address);
  }

  async #copy() {
    const link = this.owner.link();
    try {
      await navigator.clipboard.writeText(link);
      this.owner.say("The link is copied: whoever opens it sees this layout");
      this.dialog.close();
    } catch {
      write(this.problem, "this browser does not let the page copy: take it from the address instead");
    }
  }
}

/** @param {keyof typeof CHOICES} part */
function lookOf(part) {
  return element("select", {}, ...CHOICES[part].map((choice) => optionOf(choice, WORDS[choice] ?? choice)));
}

/**
 * @param {string} value
 * @param {string} title
 */
function optionOf(value, title) {
  return element("option", { value }, title);
}
