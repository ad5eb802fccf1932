/**
 * What the status page shows of what `/health` says: groups of facts in words. Pure; `status.js` paints it.
 */

import { age, count, newYorkTime } from "./format.js";

/**
 * @typedef {{name: string, value: string}} Fact
 * @typedef {{title: string, facts: Fact[]}} Group
 */

const UNKNOWN = "–";

/**
 * @param {any} health what the server said, as far as it told us
 * @returns {Group[]}
 */
export function groupsOf(health) {
  const groups = [
    group("Market", [
      ["market", health.market],
      ["session", health.session?.current],
      ["trading date", health.session?.trading_date],
      ["feed", health.feed?.state],
      ["snapshot age", milliseconds(health.feed?.age_ms)],
      ["sessions of averages", pair(health.history?.sessions_loaded, health.history?.sessions_wanted)],
    ]),
    group("Live feed", [
      ["connected", yes(health.stream?.authenticated)],
      ["since", moment(health.stream?.since)],
      ["reconnects", number(health.stream?.reconnects)],
      ["followed", pair(health.stream?.confirmed, health.stream?.desired)],
      ["events late by (p99)", milliseconds(health.intake?.lag_ms?.p99)],
    ]),
    group("Viewers", [
      ["connected", number(health.viewers?.connected)],
      ["with full sockets", number(health.viewers?.waiting)],
      ["connections", number(health.connections?.open)],
      ["event loop late by (p99)", milliseconds(health.loop?.delay_ms?.p99)],
      ["times it was held", number(health.loop?.stalls)],
    ]),
    group("History", [
      ["kept", yes(health.database?.enabled)],
      ["database", health.database?.enabled ? (health.database.connected ? "takes rows" : "away") : undefined],
      ["written", number(health.database?.written)],
      ["waiting", number(health.database?.waiting)],
      ["on the disk, waiting", bytes(health.database?.spooled_bytes)],
      ["database on the disk", bytes(health.database?.server?.bytes_on_disk)],
      ["today kept at", moment(health.today?.saved_at)],
    ]),
    group("Loading", jobs(health.jobs?.under_way)),
    group("Tasks", tasks(health.supervisor?.tasks)),
  ];
  return groups.filter((each) => each.facts.length > 0);
}

/**
 * @param {any} health
 * @returns {{part: string, reason: string, since: string}[]}
 */
export function troublesOf(health) {
  return (health.troubles ?? []).map((/** @type {any} */ each) => ({ ...each, since: newYorkTime(each.since) }));
}

/**
 * Facts that are not told are left out.
 * @param {string} title
 * @param {[string, string | undefined][]} facts
 * @returns {Group}
 */
function group(title, facts) {
  const told = facts.filter(([, value]) => value !== undefined);
  return { title, facts: told.map(([name, value]) => ({ name, value: String(value) })) };
}

/**
 * @param {any[] | undefined} underWay
 * @returns {[string, string][]}
 */
function jobs(underWay) {
  return (underWay ?? []).map((job) => [job.name, job.total ? `${count(job.done)} of ${count(job.total)}` : "…"]);
}

/**
 * @param {any[] | undefined} known
 * @returns {[string, string][]}
 */
function tasks(known) {
  return (known ?? []).map((task) => [task.name, `${task.running ? "runs" : "does not run"}${restarts(task)}`]);
}

/** @param {any} task */
function restarts(task) {
  return task.restarts ? `, started anew ${task.restarts} times: ${task.last_error}` : "";
}

/** @param {boolean | undefined} value */
function yes(value) {
  return value === undefined ? undefined : value ? "yes" : "no";
}

/** @param {number | undefined} value */
function number(value) {
  return value === undefined ? undefined : count(value);
}

/**
 * @param {number | undefined} some
 * @param {number | undefined} all
 */
function pair(some, all) {
  return some === undefined || all === undefined ? undefined : `${count(some)} of ${count(all)}`;
}

/** @param {number | null | undefined} ms */
function milliseconds(ms) {
  if (ms === undefined) return undefined;
  if (ms === null) return UNKNOWN;
  return ms < 1_000 ? `${Math.round(ms)} ms` : age(ms);
}

/** @param {number | null | undefined} ms */
function moment(ms) {
  if (ms === undefined) return undefined;
  return ms === null ? UNKNOWN : newYorkTime(ms);
}

/** @param {number | null | undefined} value */
function bytes(value) {
  if (value === undefined || value === null) return undefined;
  return `${(value / 1_000_000).toFixed(1)} MB`;
}
