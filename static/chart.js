/**
 * Draws a day's bars over their volume. The library that does it is fetched when the first chart is opened, so that
 * nobody waits for it who looks at lists only. `day_view.js` says what to draw; what is computed is in `bars.js`.
 */

import { averagePrices, hoursOf, MINUTE_MS, usualVolumes } from "./bars.js";
import { element } from "./dom.js";
import { newYorkTime } from "./format.js";

/**
 * @typedef {import("./bars.js").Bar} Bar
 * @typedef {{bars: Bar[], minutes: number, day: import("./bars.js").UsualDay | null, previousClose: number | null,
 *   average: number | null}} Picture
 */

const LIBRARY = "./vendor/lightweight-charts.js";
/** So many bars are in view at first, and so much room is left for those to come. */
const SHOWN = 160;
/** A bar that has less than this is a stroke, of which nobody sees which way it went. */
const NARROWEST_PX = 5;
const ROOM = 6;
const ZOOM = 0.8;
const SECOND_MS = 1_000;

/** @type {Promise<any> | null} */
let library = null;

const COLOURS = Object.freeze({
  up: "--up2", down: "--down2", upVolume: "--flash-up", downVolume: "--flash-down", text: "--soft", line: "--line",
  average: "--accent", usual: "--busy1", previous: "--faint", shade: "--raised",
});

export class DayChart {
  /**
   * @param {HTMLElement} host
   * @param {(bar: number | null) => void} pointed hears which bar is under the pointer, by its time
   */
  constructor(host, pointed) {
    this.host = host;
    this.pointed = pointed;
    /** @type {any} */
    this.chart = null;
    /** @type {{[name: string]: any}} */
    this.series = {};
    this.closed = false;
    this.drawn = "";
    /** The last bar that is drawn. */
    this.until = 0;
    /** @type {Picture | null} */
    this.picture = null;
    this.watcher = new MutationObserver(() => this.#colour());
  }

  async open() {
    library ??= import(LIBRARY);
    const charts = await library.catch(() => null);
    if (charts === null) {
      // Another try, at the next chart, may do better.
      library = null;
      return false;
    }
    if (this.closed) return false;
    this.#make(charts);
    return true;
  }

  close() {
    this.closed = true;
    this.watcher.disconnect();
    this.chart?.remove();
  }

  /**
   * Draw a picture, all of it or what is new of it.
   * @param {Picture} picture
   * @param {string} key other where the picture is of something else than the last one
   */
  show(picture, key) {
    if (this.chart === null) return;
    this.picture = picture;
    if (key === this.drawn) this.#carryOn(picture);
    else this.#drawAnew(picture);
    this.drawn = key;
  }

  /** @param {KeyboardEvent} event */
  pressed({ key }) {
    const scale = this.chart?.timeScale();
    const range = scale?.getVisibleLogicalRange() ?? null;
    if (range === null) return false;
    const length = range.to - range.from;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const step = (key === "ArrowLeft" ? -1 : 1) * length * (1 - ZOOM);
      scale.setVisibleLogicalRange({ from: range.from + step, to: range.to + step });
    } else if (key === "+" || key === "-") {
      scale.setVisibleLogicalRange({ from: range.to - (key === "+" ? length * ZOOM : length / ZOOM), to: range.to });
    } else if (key === "Home" || key === "End") this.#look(key === "Home");
    else return false;
    return true;
  }

  /** @param {any} charts */
  #make(charts) {
    const chart = charts.createChart(this.host, {
      autoSize: true,
      layout: { attributionLogo: false, background: { color: "transparent" }, fontFamily: getComputedStyle(this.host).fontFamily, fontSize: 11 },
      timeScale: { timeVisible: true, tickMarkFormatter: clockTime, borderVisible: false },
      rightPriceScale: { borderVisible: false },
      crosshair: { mode: charts.CrosshairMode.Normal },
      localization: { timeFormatter: clockTime },
      handleScale: { axisPressedMouseMove: { time: true, price: true } },
    });
    const quiet = { priceLineVisible: false, lastValueVisible: false };
    // Steps between 0 and 1, filled: bars would leave stripes between them.
    const shade = { ...quiet, priceScaleId: "shade", lineVisible: false, lineType: charts.LineType.WithSteps, crosshairMarkerVisible: false, autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 1 } }) };
    const volume = { ...quiet, priceFormat: { type: "volume" } };
    this.series = {
      shade: chart.addSeries(charts.AreaSeries, shade, 0),
      shadeBelow: chart.addSeries(charts.AreaSeries, shade, 1),
      price: chart.addSeries(charts.CandlestickSeries, { borderVisible: false, autoscaleInfoProvider: (/** @type {any} */ usual) => this.#scale(usual()) }, 0),
      average: chart.addSeries(charts.LineSeries, { ...quiet, lineWidth: 1, crosshairMarkerVisible: false }, 0),
      volume: chart.addSeries(charts.HistogramSeries, volume, 1),
      usual: chart.addSeries(charts.LineSeries, { ...volume, lineWidth: 1, lineStyle: charts.LineStyle.Dashed, lineType: charts.LineType.WithSteps, crosshairMarkerVisible: false }, 1),
    };
    for (const below of [this.series.shade, this.series.shadeBelow]) below.priceScale().applyOptions({ scaleMargins: { top: 0, bottom: 0 } });
    this.series.volume.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0 } });
    this.previous = this.series.price.createPriceLine({ price: 0, lineWidth: 1, lineStyle: charts.LineStyle.Dotted, axisLabelVisible: true, title: "prev" });
    chart.panes()[0].setStretchFactor(3);
    chart.panes()[1].setStretchFactor(1);
    chart.subscribeCrosshairMove((/** @type {any} */ at) => this.pointed(typeof at.time === "number" ? at.time * SECOND_MS : null));
    this.chart = chart;
    this.#colour();
    this.watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-palette"] });
  }

  /** @param {Picture} picture */
  #drawAnew({ bars, minutes, day, previousClose, average }) {
    const colours = this.#colours();
    const hours = day === null ? [] : hoursOf(day, minutes);
    const shaded = hours.map(({ time, extended }) => ({ time: time / SECOND_MS, value: extended ? 1 : 0 }));
    this.series.shade.setData(shaded);
    this.series.shadeBelow.setData(shaded);
    this.series.usual.setData(day === null ? [] : usualVolumes(day, minutes).map(inSeconds));
    this.series.price.setData(bars.map(inSeconds));
    this.series.volume.setData(bars.map((bar) => volumeOf(bar, colours)));
    this.series.average.setData(averagePrices(bars, average).map(inSeconds));
    const last = bars.at(-1)?.close ?? previousClose ?? 1;
    const finest = last < 1 ? 4 : 2;
    this.series.price.applyOptions({ priceFormat: { type: "price", precision: finest, minMove: 10 ** -finest } });
    this.previous.applyOptions({ price: previousClose ?? 0, lineVisible: previousClose !== null, axisLabelVisible: previousClose !== null });
    this.until = bars.at(-1)?.time ?? 0;
    this.#look(false);
  }

  /** @param {Picture} picture of what is drawn already, up to the last bar; a hidden page may have missed some */
  #carryOn({ bars, average }) {
    const colours = this.#colours();
    for (const bar of bars.filter(({ time }) => time >= this.until)) {
      this.series.price.update(inSeconds(bar));
      this.series.volume.update(volumeOf(bar, colours));
    }
    for (const point of averagePrices(bars, average).filter(({ time }) => time >= this.until)) {
      this.series.average.update(inSeconds(point));
    }
    this.until = bars.at(-1)?.time ?? this.until;
  }

  /** @param {boolean} whole all of the day, rather than its last part */
  #look(whole) {
    const { bars = [], minutes = 1, day = null } = this.picture ?? {};
    const first = bars[0]?.time;
    const last = bars.at(-1)?.time;
    if (first === undefined || last === undefined) return void this.chart.timeScale().fitContent();
    const begin = day === null ? first : Math.min(first, day.pre_market_start);
    const place = (/** @type {number} */ time) => (time - begin) / (minutes * MINUTE_MS);
    const to = day === null ? bars.length : place(last);
    const from = day === null ? 0 : place(first);
    const shown = Math.min(SHOWN, Math.floor(this.host.clientWidth / NARROWEST_PX));
    this.chart.timeScale().setVisibleLogicalRange({ from: (whole ? from : Math.max(from, to - shown)) - 1, to: to + ROOM });
  }

  /**
   * The previous close is in the picture as long as it does not make the day itself small.
   * @param {any} scale
   */
  #scale(scale) {
    const close = this.picture?.previousClose ?? null;
    if (!scale?.priceRange || close === null) return scale;
    const { minValue, maxValue } = scale.priceRange;
    const away = Math.max(minValue - close, close - maxValue);
    if (away > maxValue - minValue) return scale;
    return { ...scale, priceRange: { minValue: Math.min(minValue, close), maxValue: Math.max(maxValue, close) } };
  }

  #colours() {
    if (this.resolved !== undefined) return this.resolved;
    const probe = element("i", { hidden: "" });
    this.host.append(probe);
    const entries = Object.entries(COLOURS).map(([name, variable]) => {
      probe.style.color = `var(${variable})`;
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    /** @type {{[name: string]: string}} */
    const resolved = Object.fromEntries(entries);
    this.resolved = resolved;
    return resolved;
  }

  #colour() {
    this.resolved = undefined;
    const colours = this.#colours();
    this.chart.applyOptions({
      layout: { textColor: colours.text, panes: { separatorColor: colours.line, enableResize: false } },
      grid: { vertLines: { color: colours.line }, horzLines: { color: colours.line } },
    });
    const { shade, shadeBelow, price, average, usual } = this.series;
    for (const below of [shade, shadeBelow]) below.applyOptions({ topColor: colours.shade, bottomColor: colours.shade });
    price.applyOptions({ upColor: colours.up, downColor: colours.down, wickUpColor: colours.up, wickDownColor: colours.down });
    average.applyOptions({ color: colours.average });
    usual.applyOptions({ color: colours.usual });
    this.previous?.applyOptions({ color: colours.previous, axisLabelColor: colours.line, axisLabelTextColor: colours.text });
    if (this.picture !== null) this.series.volume.setData(this.picture.bars.map((bar) => volumeOf(bar, colours)));
  }
}

/**
 * @template {{time: number}} Point
 * @param {Point} point
 * @returns {Point} the same, at the second that the library wants
 */
function inSeconds(point) {
  return { ...point, time: point.time / SECOND_MS };
}

/**
 * @param {Bar} bar
 * @param {{[name: string]: string}} colours
 */
function volumeOf(bar, colours) {
  const color = bar.close >= bar.open ? colours.upVolume : colours.downVolume;
  return { time: bar.time / SECOND_MS, value: bar.volume, color };
}

/** @param {number} second */
function clockTime(second) {
  return newYorkTime(second * SECOND_MS).slice(0, 5);
}
