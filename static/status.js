/**
 * The page at /status: asks `/health` every few seconds while somebody looks, and shows what it says.
 */

import { ask } from "./api.js";
import { byId, element, write } from "./dom.js";
import { groupsOf, troublesOf } from "./status_facts.js";
import { applyStoredTheme, toggleTheme } from "./theme.js";

const EVERY_MS = 2_000;

applyStoredTheme();
byId("theme").addEventListener("click", toggleTheme);
document.addEventListener("visibilitychange", () => void look());
setInterval(() => void look(), EVERY_MS);
void look();

async function look() {
  if (document.hidden) return;
  const { content, refusal } = await ask("GET", "/health");
  const state = content === null ? "away" : String(content.status);
  byId("state").dataset["state"] = state;
  write(byId("state"), refusal === null ? state : refusal.message);
  if (content === null) return;
  write(byId("asked"), `at ${new Date().toLocaleTimeString()}`);
  showTroubles(content);
  showGroups(content);
}

/** @param {any} health */
function showTroubles(health) {
  const troubles = troublesOf(health);
  const table = byId("troubles");
  table.hidden = troubles.length === 0;
  table.querySelector("tbody")?.replaceChildren(...troubles.map((each) => row([each.part, each.reason, each.since])));
  const insider = health.troubles !== undefined;
  const well = insider ? "Nothing is wrong." : "Details are for this machine and for operators.";
  write(byId("well"), troubles.length === 0 ? well : "");
}

/** @param {any} health */
function showGroups(health) {
  byId("groups").replaceChildren(...groupsOf(health).map(section));
}

/** @param {import("./status_facts.js").Group} group */
function section(group) {
  const rows = group.facts.map((fact) =>
    element("tr", { "data-fact": fact.name }, element("th", { scope: "row" }, fact.name), element("td", {}, fact.value)),
  );
  const name = group.title.toLowerCase().replace(" ", "-");
  return element(
    "section",
    { "data-group": name },
    element("h2", {}, group.title),
    element("table", {}, element("tbody", {}, ...rows)),
  );
}

/** @param {string[]} cells */
function row(cells) {
  return element("tr", { "data-part": cells[0] ?? "" }, ...cells.map((cell) => element("td", {}, cell)));
}
