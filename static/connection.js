/**
 * The thin shell around `viewer.js`: one WebSocket at a time and one timer. It carries out the viewer's commands,
 * hands it what arrives together with the number of the socket it came from, and passes the news on to the page.
 */

import { Viewer } from "./viewer.js";

/**
 * What a connection needs from the outside; tests bring their own.
 * `now` never steps and may stand still while the machine sleeps; `wall` does neither.
 * @typedef {{now: () => number, wall: () => number, every: (ms: number, act: () => void) => () => void,
 *   random: () => number, socketTo: (address: string) => WebSocket}} Surroundings
 */

const TICK_MS = 250;
/** The wall clock ran on this much further than the timer's: the machine was asleep. */
const SLEPT_MS = 5_000;

/** @returns {Surroundings} */
export function browserSurroundings() {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    every: (ms, act) => {
      const timer = setInterval(act, ms);
      return () => clearInterval(timer);
    },
    random: Math.random,
    socketTo: (address) => new WebSocket(address),
  };
}

export class Connection {
  /**
   * @param {string} address
   * @param {(news: import("./viewer.js").News) => void} tell
   * @param {Surroundings} surroundings
   */
  constructor(address, tell, surroundings) {
    this.viewer = new Viewer(surroundings.random);
    this.address = address;
    this.tell = tell;
    this.surroundings = surroundings;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.sleptBy = 0;
    this.stopTicking = () => {};
  }

  start() {
    this.sleptBy = this.surroundings.wall() - this.surroundings.now();
    this.stopTicking = this.surroundings.every(TICK_MS, () => this.#tick());
    this.#step((now) => this.viewer.connect(now));
  }

  stop() {
    this.stopTicking();
    this.socket?.close();
  }

  /** The network or the window came back: do not sit out the wait. */
  retry() {
    this.#step((now) => this.viewer.retry(now));
  }

  /** @param {ReadonlySet<string> | null} names of the lists that are to be followed; null: all */
  follow(names) {
    this.#step((now) => this.viewer.follow(names, now));
  }

  /**
   * @param {string} group
   * @param {string} symbol that it is to look at closely; empty for none
   */
  watch(group, symbol) {
    this.#step((now) => this.viewer.watch(group, symbol, now));
  }

  #tick() {
    const ahead = this.surroundings.wall() - this.surroundings.now();
    const slept = ahead - this.sleptBy > SLEPT_MS;
    this.sleptBy = ahead;
    this.#step((now) => (slept ? this.viewer.wake(now) : this.viewer.tick(now)));
  }

  /** @param {(now: number) => void} act */
  #step(act) {
    act(this.surroundings.now());
    for (const command of this.viewer.commands.splice(0)) this.#carryOut(command);
    for (const news of this.viewer.news.splice(0)) this.tell(news);
  }

  /** @param {import("./viewer.js").Command} command */
  #carryOut(command) {
    if (command.kind === "open") this.#open(command.socket);
    else if (command.kind === "close") this.socket?.close();
    else if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(command.message));
  }

  /** @param {number} number */
  #open(number) {
    const socket = this.surroundings.socketTo(this.address);
    socket.onmessage = ({ data }) => {
      const frame = decoded(data);
      if (frame !== null) this.#step((now) => this.viewer.frame(number, frame, now));
    };
    socket.onclose = ({ code, reason }) => this.#step((now) => this.viewer.closed(number, code, reason, now));
    this.socket = socket;
  }
}

/**
 * @param {unknown} data
 * @returns {{type?: unknown} | null} null for what is no frame of this protocol
 */
function decoded(data) {
  try {
    const frame = typeof data === "string" ? JSON.parse(data) : null;
    return typeof frame === "object" && !Array.isArray(frame) ? frame : null;
  } catch {
    return null;
  }
}
