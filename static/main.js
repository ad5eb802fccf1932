/**
 * Puts the page together: news from the connection go to the market facts, the header and the workspace. It asks the
 * server for the field catalogue once; all that moves comes over the socket.
 */

import { ask } from "./api.js";
import { Builder } from "./builder.js";
import { Closeup } from "./closeup.js";
import { catalogueOf } from "./columns.js";
import { browserSurroundings, Connection } from "./connection.js";
import { Coverage } from "./coverage.js";
import { byId, Painter, write } from "./dom.js";
import { Header, nothingKnown } from "./header.js";
import { Latency } from "./latency.js";
import { browserStorage } from "./layouts.js";
import { listPanel } from "./list_panel.js";
import { MarketClock, paceOf } from "./market_clock.js";
import { KIND_TITLES } from "./panel_kinds.js";
import { Pins } from "./pins.js";
import { SOCKET_PATH } from "./protocol.js";
import { CHANNEL, DEFAULT_GROUP, shareSelection } from "./selection.js";
import { applyStoredTheme, toggleTheme } from "./theme.js";
import { STALE_MS } from "./viewer.js";
import { tipsOn } from "./way_tips.js";
import { Ways } from "./ways.js";
import { Workspace } from "./workspace.js";

const BEAT_MS = 250;
const NOTICE_MS = 6_000;

applyStoredTheme();

const facts = nothingKnown();
const painter = new Painter();
const clock = new MarketClock(STALE_MS);
const latency = new Latency();
const ways = new Ways();
const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${SOCKET_PATH}`;
const connection = new Connection(address, told, browserSurroundings());
const { viewer } = connection;
const pins = new Pins(ask, () => panels.repaint(), say);
const builder = new Builder({ ask, say, saved: (name) => panels.goTo(name) });
const edit = (/** @type {string} */ name) => void builder.open(name);
const closeup = new Closeup({
  ask, painter, connection, say,
  now: () => clock.now(performance.now()),
  wayOf,
  column: (field) => panels.column(field),
  current: () => panels.seen,
  fields: () => panels.catalogue.values(),
});
/** @type {import("./panel_kinds.js").Registry} */
const kinds = {
  list: { title: KIND_TITLES.list ?? "", make: listPanel },
  log: { title: KIND_TITLES.log ?? "", make: (host, context) => closeup.activityLog(host, context) },
  detail: { title: KIND_TITLES.detail ?? "", make: (host, context) => closeup.detail(host, context) },
};
const workspace = new Workspace(
  {
    painter, situation: facts, lists: () => viewer.lists, pins, ask, say, edit, storage: browserStorage(),
    follow: (lists) => connection.follow(lists),
  },
  kinds,
);
const { panels } = workspace;
const coverage = new Coverage(ask, () => {
  const now = performance.now();
  return { screen: latency.figures(now), here: latency.figures(now, "here"), pace: clock.pace };
});
const header = new Header(facts, viewer, clock);
/** Only where a recording is played. @type {import("./transport.js").Transport | null} */
let transport = null;
/** @type {import("./protocol.js").Replaying | undefined} */
let replaying;

/** @param {import("./viewer.js").News} news */
function told(news) {
  const now = performance.now();
  closeup.told(news);
  switch (news.kind) {
    case "hello":
      facts.market = news.hello.market;
      facts.heartbeatMs = news.hello.heartbeat_ms;
      turnTo(news.hello.session);
      clock.reset();
      latency.reset();
      ways.reset();
      observe(news.hello.server_time, now);
      void pins.load();
      break;
    case "lists":
      panels.setLists(news.lists);
      break;
    case "gone":
      panels.drop(news.list);
      break;
    case "rows":
      workspace.rows(news.list, news.changes, now);
      timeRows(news.list, news.changes, now);
      return;
    case "symbol":
      timeSymbol(news.aggregate, now);
      return;
    case "alert":
      return;
    case "status":
      takeStatus(news.status, now);
      coverage.hear(now);
      break;
    case "heartbeat":
      observe(news.heartbeat.server_time, now);
      facts.feedAgeMs = news.heartbeat.feed_age_ms;
      facts.heardFeedAt = now;
      break;
  }
  painter.request(header);
}

/**
 * @param {string} name
 * @param {import("./rankings.js").Changes | null} changes
 * @param {number} now
 */
function timeRows(name, changes, now) {
  const list = viewer.lists.get(name);
  // Rows that came whole say nothing of how long they took: they may have stood for long.
  if (list === undefined || changes === null) return;
  latency.note(list.timestamp, now, list.times?.published);
  ways.take(list, changes, now);
}

/**
 * @param {import("./protocol.js").Aggregate | undefined} aggregate
 * @param {number} now
 */
function timeSymbol(aggregate, now) {
  latency.hint(aggregate?.times?.published, now);
  if (aggregate?.times) ways.note(aggregate.symbol, aggregate.data.updated, aggregate.times, now);
}

/**
 * @param {string} symbol
 * @param {unknown} updated the time of its newest event that is shown
 */
function wayOf(symbol, updated) {
  const now = clock.now(performance.now());
  return ways.told(symbol, updated, { market: facts.market, pace: clock.pace, now, offset: latency.offset });
}

/**
 * @param {number} server its time
 * @param {number} now
 */
function observe(server, now) {
  clock.observe(server, now);
  latency.observe(server, now);
}

/**
 * @param {import("./protocol.js").Status} status
 * @param {number} now
 */
function takeStatus(status, now) {
  const left = status.seconds_until_next_session;
  if (status.replay !== undefined) clock.follow(status.replay.at, now, paceOf(status.replay));
  replaying = status.replay;
  if (transport !== null) transport.told(replaying);
  else if (replaying !== undefined) void loadTransport();
  const marketNow = clock.now(now);
  turnTo(status.session);
  facts.market = status.market ?? facts.market;
  facts.feed = status.feed;
  facts.feedReason = status.reason ?? "";
  facts.feedSince = status.since ?? null;
  facts.jobs = status.jobs ?? [];
  facts.nextSession = status.next_session ?? null;
  facts.endsAt = typeof left === "number" && marketNow !== null ? marketNow + left * 1_000 : null;
}

async function loadTransport() {
  const { Transport } = await import("./transport.js");
  transport ??= new Transport(ask, say, () => clock.now(performance.now()));
  transport.told(replaying);
}

/** @param {string} session */
function turnTo(session) {
  if (session === facts.session) return;
  facts.session = session;
  facts.endsAt = null;
  panels.repaint();
}

async function loadCatalogue() {
  const { content } = await ask("GET", "/api/v1/fields");
  // Without an answer the built-in titles stand; the lists themselves come over the socket.
  if (content === null) return;
  const catalogue = catalogueOf(content);
  panels.setCatalogue(catalogue);
  closeup.repaint();
  workspace.panelSheet.setCatalogue(catalogue);
  builder.setCatalogue(catalogue);
}

let noticeUntil = 0;

/** @param {string} words */
function say(words) {
  noticeUntil = performance.now() + NOTICE_MS;
  write(byId("notice"), words);
}

let shownState = viewer.state;

function beat() {
  painter.request(header);
  if (transport !== null) painter.request(transport);
  closeup.beat();
  workspace.beat(performance.now());
  if (performance.now() > noticeUntil) write(byId("notice"), "");
  if (viewer.state === shownState) return;
  shownState = viewer.state;
  panels.repaint();
  // Sent away for good: where that is for want of a token, any question leads to where one is shown.
  if (shownState === "HALTED") void loadCatalogue();
}

const sheet = /** @type {HTMLDialogElement} */ (byId("sheet"));

/** @type {{[key: string]: () => void}} */
const KEYS = {
  "?": () => sheet.showModal(),
  n: () => void builder.open(),
  e: () => panels.focused !== "" && void builder.open(panels.focused),
  p: () => panels.withPointed((symbol) => void pins.toggle(symbol)),
  d: () => panels.withPointed((symbol) => panels.choose(symbol)),
  Escape: () => panels.choose(""),
  t: toggleTheme,
  ...workspace.keys,
  ...closeup.keys,
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") !== null) {
    if (event.key === "?" && sheet.open) sheet.close();
    return;
  }
  if (isTyping(event.target)) return;
  if (transport?.key(event) || panels.key(event)) {
    event.preventDefault();
    return;
  }
  const act = /^[1-9]$/.test(event.key) ? () => panels.focus(Number(event.key) - 1) : KEYS[event.key];
  if (act === undefined) return;
  // Else the key would be typed into what it opens.
  event.preventDefault();
  act();
});

/** @param {EventTarget | null} target into a slider nothing is typed */
function isTyping(target) {
  const field = target instanceof Element ? target.closest("input:not([type=range]), select, textarea") : null;
  // For a moment after its dialog was closed, a field still has the keys.
  return field !== null && field.closest("dialog:not([open])") === null;
}

byId("help").addEventListener("click", () => sheet.showModal());
byId("new-list").addEventListener("click", () => void builder.open());
byId("theme").addEventListener("click", toggleTheme);
byId("save-sheet").addEventListener("click", () => closeup.saveSheet());
for (const fact of ["coverage", "feed"]) byId(fact).addEventListener("click", () => coverage.open());
byId("setup-page").addEventListener("click", () => workspace.setupSheet.open());
addEventListener("online", () => connection.retry());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  connection.retry();
  // Another device may have pinned meanwhile.
  void pins.load();
});
addEventListener("pageshow", () => connection.retry());

Object.defineProperty(globalThis, "tradeul", {
  value: Object.freeze({
    /** @param {string} list */
    rows: (list) => (viewer.lists.get(list)?.rows ?? []).map((row) => ({ ...row })),
    state: () => viewer.state,
    lists: () => [...viewer.lists.keys()],
    /** @param {string} list that is to have a panel, and the keyboard */
    show: (list) => panels.goTo(list),
    /** @param {string} list */
    sequence: (list) => viewer.lists.get(list)?.sequence ?? null,
    /** How often this window rang, and whether the browser lets it be heard. */
    bell: () => ({ rang: closeup.alerts.bell.rang, audible: closeup.alerts.bell.audible }),
    /** From the newest event to this window, in the last minute. */
    latency: () => latency.figures(performance.now()),
    detail: () => {
      const { symbol, timestamp, live, values } = viewer.watchings.of(DEFAULT_GROUP);
      return { symbol, timestamp, live, values: { ...values } };
    },
  }),
});

tipsOn(panels.grid, (symbol) => {
  const { name, updated } = closeup.rowOf(symbol);
  return { name, told: wayOf(symbol, updated) };
});
shareSelection(new BroadcastChannel(CHANNEL));
pins.shareWith(new BroadcastChannel("tradeul.pins"));
connection.start();
setInterval(beat, BEAT_MS);
void loadCatalogue();
