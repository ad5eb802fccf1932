/**
 * Values as text for a dense table: short, of steady width, with a sign where direction matters, and `–` for unknown.
 * Pure; the columns, the header and the tests call it.
 */

export const UNKNOWN = "–";
export const NEW_YORK = "America/New_York";

const SUFFIXES = ["", "K", "M", "B", "T"];
const RVOL_SHOWN_UP_TO = 999;
const SECOND_MS = 1_000;

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * Cents above a dollar, hundredths of a cent below, where the market's own tick is finer.
 * @param {unknown} value
 */
export function price(value) {
  if (!known(value)) return UNKNOWN;
  return value.toFixed(Math.abs(value) < 1 ? 4 : 2);
}

/**
 * @param {number} value
 * @returns {string} the digits of a number that keeps about the same width at any size
 */
function narrow(value) {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toString();
  return value.toFixed(size >= 100 ? 1 : 2);
}

/** @param {unknown} value */
export function percent(value) {
  return known(value) ? `${unsignedZero(narrow(value))}%` : UNKNOWN;
}

/** @param {unknown} value */
export function signedPercent(value) {
  if (!known(value)) return UNKNOWN;
  const text = unsignedZero(narrow(value));
  return `${value > 0 && Number(text) !== 0 ? "+" : ""}${text}%`;
}

/** @param {unknown} value */
export function signedPrice(value) {
  if (!known(value)) return UNKNOWN;
  return `${value > 0 ? "+" : ""}${price(value)}`;
}

/** @param {string} text */
function unsignedZero(text) {
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/**
 * Three digits and a suffix: 950, 12.3K, 1.24M.
 * @param {unknown} value
 */
export function shares(value) {
  if (!known(value)) return UNKNOWN;
  let step = 0;
  let rest = value;
  while (Math.abs(rest) >= 999.5 && step < SUFFIXES.length - 1) {
    rest /= 1_000;
    step += 1;
  }
  if (step === 0) return String(Math.round(rest));
  return `${rest.toFixed(decimalsForThreeDigits(rest))}${SUFFIXES[step]}`;
}

/** @param {number} value */
function decimalsForThreeDigits(value) {
  const size = Math.abs(value);
  if (size >= 99.95) return 0;
  return size >= 9.995 ? 1 : 2;
}

/** @param {unknown} value */
export function money(value) {
  return known(value) ? `$${shares(value)}` : UNKNOWN;
}

/** @param {unknown} value */
export function ratio(value) {
  if (!known(value)) return UNKNOWN;
  return value.toFixed(decimalsForThreeDigits(value));
}

/**
 * @param {unknown} value
 * @param {unknown} [method] `curve` values are approximate and say so
 */
export function rvol(value, method) {
  if (!known(value)) return UNKNOWN;
  const text = value > RVOL_SHOWN_UP_TO ? `>${RVOL_SHOWN_UP_TO}` : ratio(value);
  return method === "curve" ? `~${text}` : text;
}

/** @param {unknown} value */
export function count(value) {
  return known(value) ? String(Math.round(value)) : UNKNOWN;
}

/** @param {unknown} value */
export function score(value) {
  return known(value) ? value.toFixed(1) : UNKNOWN;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: NEW_YORK,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("en-US", { timeZone: NEW_YORK, weekday: "short", month: "short", day: "numeric" });

/** @param {unknown} ms since the Unix epoch */
export function newYorkTime(ms) {
  return known(ms) ? CLOCK.format(ms) : UNKNOWN;
}

/** @param {unknown} ms since the Unix epoch */
export function newYorkDay(ms) {
  return known(ms) ? DAY.format(ms) : UNKNOWN;
}

/** @param {unknown} ms */
export function age(ms) {
  if (!known(ms)) return UNKNOWN;
  const seconds = Math.max(0, Math.floor(ms / SECOND_MS));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}

/** @param {unknown} seconds */
export function countdown(seconds) {
  if (!known(seconds)) return UNKNOWN;
  const whole = Math.max(0, Math.ceil(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** @param {unknown} value */
export function text(value) {
  return value === null || value === undefined ? UNKNOWN : String(value);
}

/** @param {unknown} value */
export function flag(value) {
  if (value === null || value === undefined) return UNKNOWN;
  return value ? "yes" : "no";
}
