/**
 * The bar on top: which market this is, where its day stands, how fresh the feed is, and how we are connected.
 * It says everything in words; colour only repeats them. Painted four times a second and after news that changes it.
 */

import { byId, write } from "./dom.js";
import { age, countdown, newYorkDay, newYorkTime, UNKNOWN } from "./format.js";

/**
 * @typedef {{market: string, session: string, nextSession: string | null, endsAt: number | null, feed: string,
 *   feedReason: string, feedSince: number | null, feedAgeMs: number | null, heardFeedAt: number,
 *   heartbeatMs: number, jobs: import("./protocol.js").JobNews[]}} MarketFacts
 */

/** @type {{[market: string]: string}} */
const MARKETS = { live: "LIVE MARKET", delayed: "DELAYED 15 MIN", simulated: "SIMULATED MARKET", replay: "REPLAY" };
/** @type {{[session: string]: string}} */
const SESSIONS = { PRE_MARKET: "Pre-market", MARKET_OPEN: "Market open", POST_MARKET: "Post-market", CLOSED: "Closed" };
/** @type {{[session: string]: string}} what the end of the present session is called, by the next one */
const NEXT = { MARKET_OPEN: "opens in", POST_MARKET: "closes in", CLOSED: "ends in", PRE_MARKET: "pre-market in" };

/** With such a feed, or none that we know of, the rows are shown as old. */
const OLD_FEEDS = new Set(["stale", "starting", "unknown"]);

/** A heartbeat this much later than promised no longer vouches for the age it told. */
const OVERDUE = 1.5;

/** @returns {MarketFacts} what is known before the first frame */
export function nothingKnown() {
  return {
    market: "", session: "", nextSession: null, endsAt: null, feed: "starting", feedReason: "", feedSince: null,
    feedAgeMs: null, heardFeedAt: 0, heartbeatMs: 5_000, jobs: [],
  };
}

/**
 * Between two heartbeats new snapshots arrive unseen, so the age stands as told until the next one is overdue.
 * @param {MarketFacts} facts
 * @param {number} now
 */
export function feedAge(facts, now) {
  if (facts.feedAgeMs === null) return null;
  const elapsed = now - facts.heardFeedAt;
  return facts.feedAgeMs + (elapsed > facts.heartbeatMs * OVERDUE ? elapsed : 0);
}

/**
 * @param {MarketFacts} facts
 * @param {number} now
 */
export function feedWords(facts, now) {
  const told = feedAge(facts, now);
  const state = facts.feed === "stale" ? "STALE" : facts.feed;
  const since = facts.feed === "stale" && facts.feedSince !== null ? ` since ${newYorkTime(facts.feedSince)}` : "";
  const reason = facts.feedReason === "" ? "" : `, ${facts.feedReason}`;
  return `${state}${since}${reason}${told === null ? "" : ` · ${age(told)}`}`;
}

/**
 * @param {{state: string, halted: string | null, retryAt: number, reason: string}} viewer
 * @param {number} now
 */
export function linkWords(viewer, now) {
  if (viewer.state === "HALTED") return `HALTED: ${viewer.halted}`;
  if (viewer.state === "DOWN") return `reconnecting in ${age(viewer.retryAt - now + 999)} · ${viewer.reason}`;
  return viewer.state;
}

/**
 * @param {MarketFacts} facts
 * @param {number | null} marketNow
 */
export function sessionWords(facts, marketNow) {
  const name = SESSIONS[facts.session] ?? facts.session;
  if (facts.endsAt === null || facts.nextSession === null || marketNow === null) return { name, left: "" };
  return { name, left: `${NEXT[facts.nextSession] ?? "next in"} ${countdown((facts.endsAt - marketNow) / 1_000)}` };
}

/**
 * What is loaded in the background, the first of it with how far it is.
 * @param {import("./protocol.js").JobNews[]} jobs
 */
export function jobWords(jobs) {
  const [first, ...rest] = jobs;
  if (first === undefined) return "";
  const { name, done, total, note } = first;
  const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : "";
  const what = note === "" ? "" : ` · ${note}`;
  return `${name}${share}${what}${rest.length > 0 ? ` · ${rest.length} more` : ""}`;
}

export class Header {
  /**
   * @param {MarketFacts} facts
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./market_clock.js").MarketClock} clock
   */
  constructor(facts, viewer, clock) {
    this.facts = facts;
    this.viewer = viewer;
    this.clock = clock;
    this.market = byId("market");
    this.session = byId("session");
    this.left = byId("left");
    this.time = byId("clock");
    this.day = byId("day");
    this.feed = byId("feed");
    this.link = byId("link");
    this.rows = byId("rows");
    this.jobs = byId("jobs");
    this.jobsFact = byId("jobs-fact");
  }

  /** @param {number} now */
  paint(now) {
    const marketNow = this.clock.now(now);
    const { name, left } = sessionWords(this.facts, marketNow);
    write(this.market, MARKETS[this.facts.market] ?? this.facts.market.toUpperCase());
    write(this.session, name);
    write(this.left, left);
    write(this.time, newYorkTime(marketNow));
    write(this.day, newYorkDay(marketNow));
    write(this.feed, connected(this.viewer) ? feedWords(this.facts, now) : UNKNOWN);
    write(this.link, linkWords(this.viewer, now));
    write(this.rows, String(rowCount(this.viewer)));
    this.#showJobs();
    this.#showState();
  }

  #showJobs() {
    const words = connected(this.viewer) ? jobWords(this.facts.jobs) : "";
    write(this.jobs, words);
    if (this.jobsFact.hidden !== (words === "")) this.jobsFact.hidden = words === "";
  }

  #showState() {
    const page = document.documentElement.dataset;
    const feed = connected(this.viewer) ? this.facts.feed : "unknown";
    const old = OLD_FEEDS.has(feed) ? "yes" : "no";
    const { market, session } = this.facts;
    const wanted = { market, session, feed, link: this.viewer.state, old };
    for (const [name, value] of Object.entries(wanted)) if (page[name] !== value) page[name] = value;
  }
}

/** @param {import("./viewer.js").Viewer} viewer */
function connected(viewer) {
  return viewer.state === "LIVE" || viewer.state === "SYNCING";
}

/** @param {import("./viewer.js").Viewer} viewer */
function rowCount(viewer) {
  return [...viewer.lists.values()].reduce((sum, list) => sum + list.rows.length, 0);
}
