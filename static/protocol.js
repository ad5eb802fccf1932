/**
 * The live protocol's words, as the page knows them: frame types, actions, close codes, and the shape of each frame.
 * A test holds them equal to the server's. Unknown frame types and fields are ignored by whoever reads a frame.
 */

export const PROTOCOL = 1;
export const SOCKET_PATH = `/ws/scanner?protocol=${PROTOCOL}`;

export const FRAMES = Object.freeze({
  hello: "hello",
  snapshot: "snapshot",
  delta: "delta",
  subscribed: "subscribed",
  unsubscribed: "unsubscribed",
  aggregate: "aggregate",
  alert: "alert",
  heartbeat: "heartbeat",
  status: "status",
  error: "error",
  bye: "bye",
});

/** What a viewer may ask for. */
export const ACTIONS = Object.freeze({
  subscribe_list: "subscribe_list",
  unsubscribe_list: "unsubscribe_list",
  resync: "resync",
  watch: "watch",
  unwatch: "unwatch",
  ping: "ping",
  auth: "auth",
});

/** What one element of a delta does. */
export const DELTA_ACTIONS = Object.freeze({ add: "add", remove: "remove", update: "update", rerank: "rerank" });

export const CLOSE_CODES = Object.freeze({
  left: 1001,
  binary: 1003,
  bad_utf8: 1007,
  too_big: 1009,
  bug: 1011,
  restart: 1012,
  full: 1013,
  slow: 4000,
  did_not_subscribe: 4001,
  too_fast: 4002,
  replaced: 4003,
  bad_requests: 4500,
  unauthorised: 4501,
  too_many_connections: 4503,
  protocol_too_old: 4504,
});

/** From this code on, coming back would change nothing. */
export const FIRST_FINAL_CLOSE_CODE = 4500;

/**
 * @typedef {string | number | boolean | null | undefined} Value
 * @typedef {{rank: number, symbol: string} & {[column: string]: Value}} Row
 * @typedef {{name: string, title: string, size: number, columns: string[]}} ListInfo
 *
 * @typedef {{type: "hello", protocol: number, epoch: string, server_time: number, market: string, session: string,
 *   heartbeat_ms: number, lists: ListInfo[], limits?: unknown}} Hello
 * @typedef {{type: "snapshot", list: string, epoch: string, sequence: number, timestamp: number, rows: Row[]}} Snapshot
 * @typedef {{action: string, symbol: string, rank?: number, old_rank?: number, new_rank?: number,
 *   data?: {[column: string]: Value}}} DeltaItem
 * @typedef {{asked?: number, came: number, ranked: number, published: number}} Times
 * @typedef {{type: "delta", list: string, epoch: string, prev: number, sequence: number, timestamp: number,
 *   times?: Times, change_count: number, deltas: DeltaItem[]}} Delta
 * @typedef {{type: "subscribed" | "unsubscribed", id?: unknown, list: string, recovered?: boolean, reason?: string}} Subscription
 * @typedef {{type: "aggregate", symbol: string, timestamp: number, times?: Times,
 *   data: {[field: string]: Value}}} Aggregate
 * @typedef {{type: "alert", id: number, rule: string, symbol: string, list: string | null, timestamp: number, text: string,
 *   data: {[name: string]: Value}}} Alert
 * @typedef {{type: "heartbeat", epoch: string, server_time: number, sequences: {[list: string]: number},
 *   checksums: {[list: string]: number}, feed_age_ms: number | null}} Heartbeat
 * @typedef {{name: string, done: number, total: number, note: string}} JobNews
 * @typedef {{file: string, market: string, first: number, last: number, at: number, speed: number | null,
 *   paused: boolean, seeking: boolean, ended: boolean, leaps: number}} Replaying
 * @typedef {{type: "status", market?: string, feed: string, since?: number | null, reason?: string | null, session: string,
 *   next_session?: string | null, seconds_until_next_session?: number | null, lists?: ListInfo[],
 *   jobs?: JobNews[], replay?: Replaying}} Status
 * @typedef {{type: "error", id?: number | string, code: string, message: string}} Refusal
 * @typedef {{type: "bye", reason?: string, retry_after_ms?: number}} Bye
 */
