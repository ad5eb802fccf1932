/**
 * The reader's layouts by name, kept in this browser. One of them is in use and is kept as it is changed; the first is
 * there for whoever has none. What storage holds is believed only as far as it can be read. Pure but for its storage.
 */

import { BadLayout, firstLayout, layoutName, plainLayout, readLayout } from "./layout.js";

/** @typedef {import("./layout.js").Layout} Layout */

const KEY = "tradeul.layouts";
export const FIRST = "First";
const MOST = 50;

export class Layouts {
  /** @param {Pick<Storage, "getItem" | "setItem"> | null} storage null where it is forbidden */
  constructor(storage) {
    this.storage = storage;
    this.current = FIRST;
    /** @type {Map<string, Layout>} */
    this.byName = new Map();
    this.#load();
    if (!this.byName.has(FIRST)) this.byName.set(FIRST, firstLayout());
    if (!this.byName.has(this.current)) this.current = FIRST;
  }

  /** @returns {Layout} */
  get layout() {
    return this.byName.get(this.current) ?? firstLayout();
  }

  /** @returns {string[]} */
  get names() {
    return [...this.byName.keys()];
  }

  /** @param {Layout} layout what the one in use is from now on */
  keep(layout) {
    this.byName.set(this.current, layout);
    this.#store();
  }

  /**
   * @param {string} name
   * @returns {boolean} whether there is one
   */
  use(name) {
    if (!this.byName.has(name)) return false;
    this.current = name;
    this.#store();
    return true;
  }

  /**
   * Keep a layout under a name and use it; another one of that name is left as it is, and this one numbered.
   * @param {string} wanted
   * @param {Layout} layout
   * @returns {string} its name
   */
  adopt(wanted, layout) {
    const name = this.#free(layoutName(wanted), layout);
    if (!this.byName.has(name) && this.byName.size >= MOST) throw new BadLayout(`there are ${MOST} layouts: delete one first`);
    this.byName.set(name, layout);
    this.use(name);
    return name;
  }

  /** The one in use goes; the first is as a newcomer sees it. */
  remove() {
    this.byName.delete(this.current);
    this.current = FIRST;
    if (!this.byName.has(FIRST)) this.byName.set(FIRST, firstLayout());
    this.#store();
  }

  /**
   * @param {string} name
   * @param {Layout} layout
   */
  #free(name, layout) {
    const text = JSON.stringify(plainLayout(layout));
    for (let number = 1; ; number += 1) {
      const each = number === 1 ? name : `${name} ${number}`;
      const there = this.byName.get(each);
      if (there === undefined || JSON.stringify(plainLayout(there)) === text) return each;
    }
  }

  #load() {
    try {
      const told = JSON.parse(this.storage?.getItem(KEY) ?? "{}");
      if (typeof told?.current === "string") this.current = told.current;
      for (const [name, layout] of Object.entries(told?.layouts ?? {})) this.#read(name, layout);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.current = FIRST;
    }
  }

  /**
   * @param {string} name
   * @param {unknown} layout
   */
  #read(name, layout) {
    try {
      this.byName.set(layoutName(name), readLayout(layout));
    } catch (error) {
      // One that cannot be read takes no other with it.
      if (!(error instanceof BadLayout)) throw error;
    }
  }

  #store() {
    const layouts = Object.fromEntries([...this.byName].map(([name, layout]) => [name, plainLayout(layout)]));
    try {
      this.storage?.setItem(KEY, JSON.stringify({ current: this.current, layouts }));
    } catch {
      // No room, or forbidden: it then lasts as long as the page.
    }
  }
}

/** @returns {Storage | null} */
export function browserStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
