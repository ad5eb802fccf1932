/**
 * One list's part of the client state machine: rows, epoch and sequence change together or not at all.
 * LIVE means that the rows equal the server's at (epoch, sequence); whatever puts that in doubt asks once for a new
 * snapshot, and nothing but its answer is believed until then. Pure; stepped by `viewer.js`.
 */

import { ACTIONS } from "./protocol.js";
import { applied, checksum, ranked, Refused } from "./rankings.js";

/**
 * @typedef {import("./protocol.js").Row} Row
 * @typedef {import("./rankings.js").Changes} Changes
 * @typedef {"DOWN" | "SYNCING" | "LIVE"} ListState
 *
 * What a step asks its caller to do: send a message, subscribe anew, give the connection up, or show new rows.
 * `changes` is null when the rows were replaced as a whole.
 * @typedef {{send?: object, subscribe?: boolean, giveUp?: boolean, changes?: Changes | null}} Step
 */

export const ANSWER_MS = 5_000;
const UNANSWERED_BEFORE_GIVING_UP = 3;
const HEARTBEATS_AHEAD_BEFORE_RESYNC = 2;
/** What waits for its turn to be said has not been asked, and nobody is late with the answer. */
const NOT_YET = Infinity;

export class ListSync {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    /** @type {ListState} */
    this.state = "DOWN";
    /** @type {string | null} */
    this.epoch = null;
    this.sequence = 0;
    this.timestamp = 0;
    /** @type {import("./protocol.js").Times | null} of the newest delta; a snapshot has none */
    this.times = null;
    /** @type {readonly Row[]} */
    this.rows = Object.freeze([]);
    /** The server said on this connection that it follows; until then there is nothing it would send anew. */
    this.subscribedHere = false;
    this.requestId = 0;
    this.resyncing = false;
    this.askedAt = 0;
    this.unanswered = 0;
    this.ahead = 0;
  }

  /**
   * @param {number} id names the request, so that its answer or refusal can be traced to it
   * @returns {Step}
   */
  subscribe(id) {
    this.state = "SYNCING";
    this.subscribedHere = false;
    this.requestId = id;
    this.resyncing = false;
    this.unanswered = 0;
    this.ahead = 0;
    return this.#subscription();
  }

  /**
   * What a step wanted sent is on its way.
   * @param {number} now
   */
  asked(now) {
    this.askedAt = now;
  }

  disconnect() {
    this.state = "DOWN";
  }

  /**
   * @param {import("./protocol.js").Snapshot} snapshot
   * @returns {Step}
   */
  snapshot(snapshot) {
    const older = snapshot.epoch === this.epoch && snapshot.sequence < this.sequence;
    if (older) return {};
    try {
      this.rows = ranked(snapshot.rows);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.state === "LIVE" ? this.resync() : {};
    }
    this.epoch = snapshot.epoch;
    this.#reached(snapshot);
    return { changes: null };
  }

  /**
   * @param {import("./protocol.js").Delta} delta
   * @returns {Step}
   */
  delta(delta) {
    if (this.state === "DOWN" || this.resyncing) return {};
    const ours = delta.epoch === this.epoch;
    if (ours && delta.sequence <= this.sequence) return {};
    if (!ours || delta.prev !== this.sequence) return this.state === "LIVE" ? this.resync() : {};
    try {
      const { rows, changes } = applied(this.rows, delta);
      this.rows = rows;
      this.#reached(delta);
      return { changes };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.resync();
    }
  }

  /**
   * The server says whether what we hold is enough to go on from. What was asked before, perhaps of a list of the same
   * name that is no more, is answered to nobody.
   * @param {unknown} id of the request that this answers
   * @param {boolean} recovered
   * @param {string | null} epoch the epoch of this connection
   */
  subscribed(id, recovered, epoch) {
    if (id !== this.requestId) return;
    this.subscribedHere = true;
    if (recovered && !this.resyncing && this.state === "SYNCING" && this.epoch === epoch) this.#settle();
  }

  /**
   * @param {import("./protocol.js").Heartbeat} heartbeat
   * @returns {Step}
   */
  heartbeat(heartbeat) {
    if (this.state !== "LIVE") return {};
    const theirs = heartbeat.sequences[this.name];
    const ours = heartbeat.epoch === this.epoch;
    // A list that is not named is not followed: the server knows nothing of what we take for live.
    const inStep = ours && theirs !== undefined && theirs <= this.sequence;
    this.ahead = inStep ? 0 : this.ahead + 1;
    if (this.ahead >= HEARTBEATS_AHEAD_BEFORE_RESYNC) {
      return theirs === undefined ? { subscribe: true } : this.resync();
    }
    const expected = heartbeat.checksums[this.name];
    const comparable = ours && theirs === this.sequence && expected !== undefined;
    return comparable && expected !== checksum(this.rows) ? this.resync() : {};
  }

  /**
   * @param {number} now
   * @returns {Step}
   */
  tick(now) {
    if (this.state !== "SYNCING" || now - this.askedAt < ANSWER_MS) return {};
    this.unanswered += 1;
    if (this.unanswered >= UNANSWERED_BEFORE_GIVING_UP) return { giveUp: true };
    return this.subscribedHere ? this.resync() : this.#subscription();
  }

  /** @returns {Step} */
  resync() {
    this.state = "SYNCING";
    this.resyncing = true;
    this.askedAt = NOT_YET;
    return { send: { action: ACTIONS.resync, list: this.name, ...this.#known() } };
  }

  /** @returns {Step} */
  #subscription() {
    this.askedAt = NOT_YET;
    return { send: { action: ACTIONS.subscribe_list, list: this.name, ...this.#known(), id: this.requestId } };
  }

  #known() {
    return this.epoch === null ? {} : { epoch: this.epoch, last_sequence: this.sequence };
  }

  /** @param {{sequence: number, timestamp: number, times?: import("./protocol.js").Times}} frame */
  #reached(frame) {
    this.sequence = frame.sequence;
    this.timestamp = frame.timestamp;
    this.times = frame.times ?? null;
    this.#settle();
  }

  #settle() {
    this.state = "LIVE";
    this.subscribedHere = true;
    this.resyncing = false;
    this.unanswered = 0;
    this.ahead = 0;
  }
}
