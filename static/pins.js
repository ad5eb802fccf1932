/**
 * The symbols the user wants in sight. A click shows at once and is taken back, with the reason, if the server will
 * not have it. Questions go one after the other, so that the last click is what stands.
 */

const PATH = "/api/v1/pins";

export class Pins {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {() => void} changed
   * @param {(complaint: string) => void} complain
   */
  constructor(ask, changed, complain) {
    this.ask = ask;
    this.changed = changed;
    this.complain = complain;
    /** @type {Set<string>} */
    this.symbols = new Set();
    /** @type {Promise<void>} */
    this.settled = Promise.resolve();
    this.tellWindows = () => {};
  }

  /**
   * The windows of this browser see each other's pins at once.
   * @param {import("./selection.js").Channel} channel
   */
  shareWith(channel) {
    this.tellWindows = () => channel.postMessage({ pins: "changed" });
    channel.onmessage = () => void this.load();
  }

  /** @param {string} symbol */
  has(symbol) {
    return this.symbols.has(symbol);
  }

  /** Take over what is pinned, which another window may have changed. */
  load() {
    return this.#then(async () => {
      const { content } = await this.ask("GET", PATH);
      if (!Array.isArray(content?.pins)) return;
      this.symbols = new Set(content.pins.map((/** @type {{symbol: string}} */ pin) => pin.symbol));
      this.changed();
    });
  }

  /** @param {string} symbol */
  toggle(symbol) {
    const pinned = !this.has(symbol);
    this.#mark(symbol, pinned);
    return this.#then(async () => {
      const { refusal } = await this.ask(pinned ? "PUT" : "DELETE", `${PATH}/${encodeURIComponent(symbol)}`);
      if (refusal === null || (refusal.code === "not_pinned" && !pinned)) {
        this.tellWindows();
        return;
      }
      this.#mark(symbol, !pinned);
      this.complain(`${symbol} could not be ${pinned ? "pinned" : "let go"}: ${refusal.message}`);
    });
  }

  /**
   * @param {string} symbol
   * @param {boolean} pinned
   */
  #mark(symbol, pinned) {
    if (pinned) this.symbols.add(symbol);
    else this.symbols.delete(symbol);
    this.changed();
  }

  /** @param {() => Promise<void>} act */
  #then(act) {
    this.settled = this.settled.then(act);
    return this.settled;
  }
}
