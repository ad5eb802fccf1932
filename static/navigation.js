/**
 * Keeps the page's address in step with what is looked at, so that it can be handed on and the back button goes back.
 * Steps that follow each other at once, as when one walks through a list by keys, are one step back.
 */

import { addressOf, wishOf } from "./address.js";

const ONE_STEP_MS = 1_000;

/** @typedef {{layout: string, list: string, symbol: string}} View */

export class Navigation {
  /**
   * @param {() => View} view what is looked at now
   * @param {(wish: import("./address.js").Wish) => void} goTo
   * @param {import("./layout.js").Layout | null} alone the one panel that this window is for
   */
  constructor(view, goTo, alone) {
    this.view = view;
    this.goTo = goTo;
    this.alone = alone;
    this.steppedAt = -Infinity;
    this.going = false;
    addEventListener("popstate", () => {
      this.going = true;
      this.goTo(wishOf(location.search));
      this.going = false;
    });
  }

  /** Something that the address names is another one. */
  changed() {
    const address = addressOf(this.view(), { alone: this.alone });
    if (this.going || address === location.search) return;
    const now = performance.now();
    const step = now - this.steppedAt < ONE_STEP_MS ? "replaceState" : "pushState";
    this.steppedAt = now;
    history[step](null, "", location.pathname + address);
  }

  /** What the address said is done; it says from now on what is looked at. */
  settle() {
    history.replaceState(null, "", location.pathname + addressOf(this.view(), { alone: this.alone }));
  }
}
