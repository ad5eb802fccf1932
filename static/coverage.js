/**
 * How much of the market stands behind the lists, and why a row one expects may be missing: what the server counts on
 * the way from all symbols to the lists. Asked for when the server says that something changed, and when one looks.
 */

import { byId, element, write } from "./dom.js";
import { latencyWords } from "./latency.js";

/**
 * @typedef {import("./latency.js").Figures} Figures
 * @typedef {{symbols_seen: number, priced: number, with_volume: number, rvol: {[method: string]: number},
 *   passed_filters: number, dropped: {[reason: string]: number}}} Funnel
 */

const PATH = "/api/v1/scanner/status";
const AGAIN_AFTER_MS = 10_000;

/** @type {{[reason: string]: string}} */
const REASONS = {
  not_traded: "have not traded today",
  rvol_high: "trade no more than usual (filter rvol_high)",
  price_range: "are outside the price range (filter price_range)",
  volume_min: "have too little volume (filter volume_min)",
  market_cap: "are outside the market cap (filter market_cap)",
  float: "are outside the float (filter float)",
  change: "are outside the change (filter change)",
};

/** @param {number} value */
function counted(value) {
  return value.toLocaleString("en-US");
}

/** @param {Funnel} funnel */
export function coverageWords({ priced, rvol }) {
  const { exact = 0, curve = 0 } = rvol;
  const known = exact + curve;
  const share = known === 0 ? "rvol unknown" : `${Math.floor((100 * exact) / known)} % exact`;
  return `${counted(priced)} · ${share}`;
}

/**
 * @param {Funnel} funnel
 * @returns {[words: string, count: string][]} the way from the market to the lists
 */
export function wayToLists({ symbols_seen, priced, with_volume, rvol, passed_filters, dropped }) {
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  /** @type {[string, number][]} */
  const steps = [
    ["symbols the feed has sent", symbols_seen],
    ["of them with a price", priced],
    ["with volume today", with_volume],
    ["with a relative volume from their own sessions", rvol.exact ?? 0],
    ["with one from the general curve (~)", rvol.curve ?? 0],
    ["without one", rvol.none ?? 0],
    ...reasons.map(([name, count]) => /** @type {[string, number]} */ ([`left out: ${REASONS[name] ?? name}`, count])),
    ["pass the filters, and can be in a list", passed_filters],
  ];
  return steps.map(([words, count]) => [words, counted(count)]);
}

export class Coverage {
  /**
   * @param {import("./api.js").Ask} ask
   * @param {() => {screen: Figures | null, here: Figures | null, pace: number}} latency of this window
   */
  constructor(ask, latency) {
    this.ask = ask;
    this.latency = latency;
    this.askedAt = -Infinity;
    this.fact = byId("coverage");
    this.way = element("dl");
    this.times = element("dl", { id: "latency" });
    this.problem = element("p", { class: "problem", role: "status" });
    this.auditHost = element("section", { id: "rvol-audit" });
    /** @type {import("./rvol_audit.js").RvolAudit | null} */
    this.audit = null;
    this.recallHost = element("section", { id: "scan-recall" });
    /** @type {import("./scan_recall.js").ScanRecall | null} */
    this.recall = null;
    this.dialog = element(
      "dialog",
      { id: "coverage-sheet", "aria-label": "Coverage" },
      element("form", { method: "dialog" },
        element("h2", {}, "From the market to the lists"),
        this.way,
        element("h2", {}, "From the vendor to this screen, in the last minute"),
        this.times,
        this.auditHost,
        this.recallHost,
        this.problem,
        element("button", { autofocus: "" }, "Close")),
    );
    document.body.append(this.dialog);
  }

  open() {
    this.dialog.showModal();
    void this.#look();
    void this.#lookAtAudit();
    void this.#lookAtRecall();
  }

  /** How right days that are over were; few look, so nobody else loads it. */
  async #lookAtAudit() {
    const { RvolAudit } = await import("./rvol_audit.js");
    this.audit ??= new RvolAudit(this.ask, this.auditHost);
    await this.audit.look();
  }

  /** What their lists showed late or never, likewise. */
  async #lookAtRecall() {
    const { ScanRecall } = await import("./scan_recall.js");
    this.recall ??= new ScanRecall(this.ask, this.recallHost, () => this.dialog.close());
    await this.recall.look();
  }

  /** @param {number} now something may be another than it was */
  hear(now) {
    if (document.hidden || now - this.askedAt < AGAIN_AFTER_MS) return;
    this.askedAt = now;
    void this.#look();
  }

  async #look() {
    const { content, refusal } = await this.ask("GET", PATH);
    write(this.problem, refusal?.message ?? "");
    if (content === null) return;
    write(this.fact, coverageWords(content.funnel));
    const { screen, here, pace } = this.latency();
    this.way.replaceChildren(...lines(wayToLists(content.funnel)));
    this.times.replaceChildren(...lines(latencyWords(content.latency ?? {}, screen, pace, here)));
  }
}

/** @param {[words: string, figure: string][]} told */
function lines(told) {
  return told.flatMap(([words, figure]) => [element("dt", {}, figure), element("dd", {}, words)]);
}
