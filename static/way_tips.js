/**
 * Says on hover how old a row's numbers are and where that time went: on its symbol, beside the name, and on its
 * `updated`. Made only when the pointer comes, so that rows cost nothing more to paint.
 */

import { wayWords } from "./ways.js";

const CELLS = "tr[data-symbol] > :is([data-field=symbol], [data-field=updated])";

/**
 * @param {HTMLElement} grid that holds the rows
 * @param {(symbol: string) => {name: unknown, told: import("./ways.js").Told | null}} tell
 */
export function tipsOn(grid, tell) {
  grid.addEventListener("pointerover", ({ target }) => {
    const cell = target instanceof Element ? target.closest(CELLS) : null;
    const row = cell?.closest("tr");
    if (!(cell instanceof HTMLElement) || !row) return;
    const { name, told } = tell(row.dataset.symbol ?? "");
    const lines = [cell.dataset.field === "symbol" ? String(name ?? "") : "", told === null ? "" : wayWords(told)];
    cell.title = lines.filter((line) => line !== "").join("\n");
  });
}
