/**
 * The controls of a recording that is played: pause, step, speed, and where it stands. They move it for everybody who
 * looks on, so what they show is what the server says, never what was pressed last. Hidden where nothing is played.
 */

import { byId, element, write } from "./dom.js";
import { newYorkTime } from "./format.js";

/** @typedef {import("./protocol.js").Replaying} Replaying */

const PATH = "/api/v1/replay";
const FASTEST = "max";
export const SPEEDS = [0.5, 1, 2, 5, 10, 30, 60, 300];

/**
 * The next speed up or down from one that may be none of them; null is as fast as it goes.
 * @param {number | null} speed
 * @param {1 | -1} way
 * @returns {number | null}
 */
export function nextSpeed(speed, way) {
  if (speed === null) return way > 0 ? null : (SPEEDS.at(-1) ?? 1);
  const further = SPEEDS.filter((one) => (way > 0 ? one > speed : one < speed));
  const next = way > 0 ? further[0] : further.at(-1);
  return next ?? (way > 0 ? null : speed);
}

/** @param {number | null} speed */
export function speedWords(speed) {
  return speed === null ? FASTEST : `${speed}×`;
}

/**
 * A range goes by whole steps from its beginning on, and hardly ever to its very end: the last step means that.
 * @param {number} value
 * @param {{max: string, step: string}} range
 */
export function soughtAt(value, { max, step }) {
  return value > Number(max) - Number(step) ? Number(max) : Math.round(value);
}

/** @param {Replaying} replay */
export function stateWords(replay) {
  if (replay.seeking) return "going there";
  if (replay.ended) return "at its end";
  return replay.paused ? "paused" : "";
}

export class Transport {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {(complaint: string) => void} complain
   * @param {() => number | null} now the market's time
   */
  constructor(ask, complain, now) {
    this.ask = ask;
    this.complain = complain;
    this.now = now;
    /** @type {Replaying | null} */
    this.replay = null;
    this.dragged = false;
    /** @type {Promise<void>} */
    this.settled = Promise.resolve();
    this.bar = byId("transport");
    this.name = byId("replay-name");
    this.play = byId("replay-play");
    this.state = byId("replay-state");
    this.time = byId("replay-time");
    this.speed = /** @type {HTMLSelectElement} */ (byId("replay-speed"));
    this.at = /** @type {HTMLInputElement} */ (byId("replay-at"));
    /** @type {{[key: string]: () => void}} */
    this.keys = {
      " ": () => this.toggle(),
      ".": () => this.step(),
      "+": () => this.#faster(1),
      "-": () => this.#faster(-1),
      g: () => this.at.focus(),
    };
    this.play.addEventListener("click", () => this.toggle());
    byId("replay-step").addEventListener("click", () => this.step());
    this.speed.addEventListener("change", () => this.#setSpeed(this.speed.value));
    this.at.addEventListener("input", () => this.#drag());
    this.at.addEventListener("change", () => this.#seek(Number(this.at.value)));
  }

  /** @param {Replaying | undefined} replay */
  told(replay) {
    this.replay = replay ?? null;
    this.bar.hidden = this.replay === null;
    if (this.replay === null) return;
    this.at.min = String(this.replay.first);
    this.at.max = String(this.replay.last);
    this.#offerSpeeds(this.replay.speed);
  }

  paint() {
    const replay = this.replay;
    if (replay === null) return;
    write(this.name, replay.market);
    write(this.play, replay.paused || replay.ended ? "▶" : "❚❚");
    const words = replay.paused || replay.ended ? "Play on (Space)" : "Pause (Space)";
    if (this.play.title !== words) {
      this.play.title = words;
      this.play.setAttribute("aria-label", words);
    }
    write(this.state, stateWords(replay));
    const now = this.dragged ? Number(this.at.value) : (this.now() ?? replay.at);
    write(this.time, newYorkTime(now));
    this.at.setAttribute("aria-valuetext", newYorkTime(now));
    if (!this.dragged) this.at.value = String(Math.min(Math.max(now, replay.first), replay.last));
  }

  /**
   * Whether the key moved something: none does where nothing is played, and a button keeps its own.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const act = this.keys[event.key];
    if (this.replay === null || act === undefined) return false;
    if (event.key === " " && event.target instanceof Element && event.target.closest("button, a, summary")) return false;
    act();
    return true;
  }

  toggle() {
    if (this.replay === null) return;
    // At its end it begins again.
    if (this.replay.ended) this.#move({ at: this.replay.first, paused: false });
    else this.#move({ paused: !this.replay.paused });
  }

  step() {
    if (this.replay !== null) this.#move({ step: true });
  }

  /** @param {1 | -1} way */
  #faster(way) {
    if (this.replay !== null) this.#setSpeed(String(nextSpeed(this.replay.speed, way) ?? FASTEST));
  }

  /** @param {string} value */
  #setSpeed(value) {
    this.#move({ speed: value === FASTEST ? FASTEST : Number(value) });
  }

  #drag() {
    this.dragged = true;
    this.paint();
  }

  /** @param {number} at */
  #seek(at) {
    this.#move({ at: soughtAt(at, this.at) });
  }

  /**
   * One after the other: a place that overtook the speed at which it is to be played could be played past at once.
   * @param {object} wish
   */
  #move(wish) {
    this.settled = this.settled.then(() => this.#moved(wish));
  }

  /** @param {object} wish */
  async #moved(wish) {
    const { content, refusal } = await this.ask("POST", PATH, wish);
    this.dragged = false;
    if (refusal !== null) this.complain(`the replay stays as it is: ${refusal.message}`);
    else this.told(content);
    this.paint();
  }

  /** @param {number | null} speed */
  #offerSpeeds(speed) {
    const wanted = [...new Set([...SPEEDS, ...(speed === null ? [] : [speed])])].sort((one, other) => one - other);
    const values = [...wanted.map(String), FASTEST];
    if (values.join() !== [...this.speed.options].map((option) => option.value).join()) {
      const options = [...wanted, null].map((one) => element("option", { value: String(one ?? FASTEST) }, speedWords(one)));
      this.speed.replaceChildren(...options);
    }
    this.speed.value = String(speed ?? FASTEST);
  }
}
