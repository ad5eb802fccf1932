/**
 * A rule of alerts between what the server tells of it and what stands in a form: values into texts, texts into a
 * definition, and in words when it rings. What is not given is left to the server. Pure; `alert_form.js` uses it.
 */

/**
 * What the server tells of a rule; `reason` says why it cannot ring.
 * @typedef {{name: string, origin: string, state: string, reason: string, where?: string | null, list?: string | null,
 *   on?: string | null, count?: number | null, cooldown_s?: number, once_per_day?: boolean, quiet?: string[],
 *   text?: string | null, sound?: string | null, webhook?: string | null, enabled?: boolean, signed?: boolean,
 *   last_fired: number | null, fired: number, suppressed: number}} Rule
 *
 * As it stands in the form.
 * @typedef {{name: string, on: string, list: string, where: string, count: string, cooldown_s: string, quiet: string,
 *   text: string, sound: string, webhook: string, webhook_secret: string, once_per_day: boolean,
 *   enabled: boolean}} Values
 */

/** @type {Readonly<{[on: string]: string}>} */
export const OCCASIONS = Object.freeze({
  true: "a condition begins to hold",
  entered: "a symbol enters a list",
  left: "a symbol leaves a list",
  new_high: "a new high",
  halt: "trading is halted",
  resume: "trading goes on",
});

/** @returns {Values} */
export function freshRule() {
  return {
    name: "", on: "true", list: "", where: "", count: "", cooldown_s: "60", quiet: "", text: "", sound: "", webhook: "",
    webhook_secret: "", once_per_day: false, enabled: true,
  };
}

/**
 * @param {Rule} rule
 * @returns {Values}
 */
export function valuesOfRule(rule) {
  return {
    ...freshRule(),
    name: rule.name,
    on: rule.on ?? "true",
    list: rule.list ?? "",
    where: rule.where ?? "",
    count: rule.count == null ? "" : String(rule.count),
    cooldown_s: String(rule.cooldown_s ?? 60),
    quiet: (rule.quiet ?? []).join(", "),
    text: rule.text ?? "",
    sound: rule.sound ?? "",
    webhook: rule.webhook ?? "",
    once_per_day: rule.once_per_day === true,
    enabled: rule.enabled !== false,
  };
}

/**
 * @param {Values} values
 * @returns {{[part: string]: unknown}} what the server is to make; a secret that is not typed stays as it is
 */
export function definitionOfRule(values) {
  const { on, list, where, count, cooldown_s: cooldown, quiet, text, sound, webhook, webhook_secret: secret } = values;
  return {
    on,
    list: list || null,
    where: where.trim() || null,
    count: on === "new_high" ? numberOr(count, null) : null,
    cooldown_s: numberOr(cooldown, 0),
    quiet: quiet.split(",").map((span) => span.trim()).filter((span) => span !== ""),
    text: text.trim() || null,
    sound: sound || null,
    webhook: webhook.trim() || null,
    once_per_day: values.once_per_day,
    enabled: values.enabled,
    ...(secret !== "" && { webhook_secret: secret }),
  };
}

/**
 * @param {string} text
 * @param {number | null} otherwise
 * @returns {unknown} the text itself where it is no number, for the server to complain of
 */
function numberOr(text, otherwise) {
  const typed = text.trim();
  if (typed === "") return otherwise;
  return /^\d+$/.test(typed) ? Number(typed) : typed;
}

/**
 * @param {Rule} rule
 * @returns {string} when it rings, in words
 */
export function wordsOf(rule) {
  const where = rule.where ? ` ${rule.where}` : "";
  const list = (rule.list ?? "").replaceAll("_", " ");
  if (rule.on === "entered" || rule.on === "left") return `${rule.on} ${list}${where && ` if${where}`}`;
  const among = list && ` in ${list}`;
  if (rule.on === "true") return `${where.trim()}${among}`;
  return `${OCCASIONS[rule.on ?? ""] ?? ""}${among}${where && ` if${where}`}`;
}
