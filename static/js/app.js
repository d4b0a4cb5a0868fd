// What every page has: theme, menus, shortcuts, searchable selects, and forms that are sent once.

import { announce } from "./ui/announce.js";
import { startFinder } from "./ui/finder.js";
import { startIdle } from "./ui/idle.js";
import { startMenus } from "./ui/menus.js";
import { startSelects } from "./ui/selects.js";
import { startShortcuts } from "./ui/shortcuts.js";
import { startSwaps } from "./ui/swaps.js";

const root = document.documentElement;

function startTheme() {
  const button = document.getElementById("theme");
  if (!button) return;
  const name = () => button.setAttribute("aria-label", `Switch to ${root.dataset.bsTheme === "dark" ? "light" : "dark"} mode`);
  name();
  button.addEventListener("click", () => {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = next;
    localStorage.setItem("theme", next);
    name();
    announce(`${next === "dark" ? "Dark" : "Light"} mode`);
  });
}

/** A second click on a slow network must not send a command twice. */
function startForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[data-repeatable], dialog form")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}

function startPrinting() {
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
}

/** One tick for all rows that are shown; the bar beside it says how many are ticked. */
function startTicks() {
  document.addEventListener("change", (event) => {
    const all = document.querySelector("[data-tick-all]");
    if (!all) return;
    const rows = [...document.querySelectorAll(`input[name="${all.dataset.tickAll}"]`)];
    if (event.target === all) for (const row of rows) row.checked = all.checked;
    const ticked = rows.filter((row) => row.checked).length;
    all.checked = ticked > 0 && ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
    const said = document.querySelector("[data-ticked]");
    if (said) said.textContent = ticked ? `· ${ticked} ticked` : "";
  });
}

/** After a refused form the first wrong field has the focus. */
function focusFirstError() {
  const field = document.querySelector("[aria-invalid='true'], [data-focus-first]");
  if (field) field.focus();
}

startTheme();
startMenus();
startIdle();
startFinder();
startShortcuts();
startSelects();
startForms();
startPrinting();
startTicks();
startSwaps();
focusFirstError();
document.addEventListener("htmx:afterSettle", (event) => startSelects(event.target));
