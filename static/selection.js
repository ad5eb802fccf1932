/**
 * Which symbol each colour group looks at. Panels, the detail, the chart and whole windows that wear one colour follow
 * one symbol: whoever selects tells this module, whoever shows hears of it from here, and windows of one browser tell
 * each other. Pure but for the channel it is given once by `main.js`.
 */

/** @typedef {(symbol: string) => void} Follower hears the symbol, or the empty string for none
 *  @typedef {{postMessage: (message: unknown) => void, onmessage: ((event: MessageEvent) => unknown) | null}} Channel */

/** Colours that stay apart for every kind of colour vision; each has a sign in the page as well. */
export const GROUPS = Object.freeze(["blue", "orange", "purple", "green"]);
export const DEFAULT_GROUP = "blue";
export const CHANNEL = "tradeul.selection";

const LONGEST_SYMBOL = 32;

/** @type {Map<string, string>} */
const symbols = new Map();
/** @type {Map<string, Set<Follower>>} */
const followers = new Map();
/** @type {Channel | null} */
let windows = null;

/**
 * @param {string} group
 * @returns {string} what the group looks at, empty for nothing
 */
export function selected(group) {
  return symbols.get(group) ?? "";
}

/**
 * @param {string} group
 * @param {string} symbol empty to let it go
 */
export function select(group, symbol) {
  if (take(group, symbol)) windows?.postMessage({ group, symbol });
}

/**
 * @param {string} group
 * @param {Follower} follow is called at each change; what stands now is read from `selected`
 * @returns {() => void} stops it
 */
export function onSelect(group, follow) {
  const others = followers.get(group) ?? new Set();
  followers.set(group, others.add(follow));
  return () => others.delete(follow);
}

/**
 * From now on the windows of this browser are told, and heard. A new window asks what the others look at.
 * @param {Channel} channel
 */
export function shareSelection(channel) {
  windows = channel;
  channel.onmessage = ({ data }) => {
    if (data?.asks === true) for (const [group, symbol] of symbols) channel.postMessage({ group, symbol });
    else if (isNews(data)) take(data.group, data.symbol);
  };
  channel.postMessage({ asks: true });
}

/**
 * @param {string} group
 * @param {string} symbol
 * @returns {boolean} whether it is another one than before
 */
function take(group, symbol) {
  if (selected(group) === symbol) return false;
  symbols.set(group, symbol);
  for (const follow of [...(followers.get(group) ?? [])]) follow(symbol);
  return true;
}

/**
 * @param {any} data
 * @returns {data is {group: string, symbol: string}}
 */
function isNews(data) {
  return GROUPS.includes(data?.group) && typeof data.symbol === "string" && data.symbol.length <= LONGEST_SYMBOL;
}
