/** The reference needs no script but for the reader's choice of dark or light, which is the page's too. */

import { applyStoredTheme, toggleTheme } from "./theme.js";

applyStoredTheme();
document.querySelector("#theme")?.addEventListener("click", toggleTheme);
