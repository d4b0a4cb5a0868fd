// How the board is looked at: zoom, roomier rows, and the cases that match what is typed.

import { announce } from "../ui/announce.js";
import { cards, timeline } from "./board.js";
import { focusCard } from "./roving.js";

const LARGEST = 4;
const ZOOM_STEP = 0.5;
const KEY = "board-view";

let view = load();

/** What was chosen last time; what can't be read is forgotten. */
function load() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(KEY));
  } catch {
    // not ours, or no storage
  }
  const zoom = Math.min(LARGEST, Math.max(1, Number(kept?.zoom) || 1));
  return { zoom, comfortable: kept?.comfortable === true };
}

function apply() {
  timeline().style.setProperty("--zoom", view.zoom);
  timeline().classList.toggle("comfortable", view.comfortable);
  document.getElementById("zoom-out").disabled = view.zoom <= 1;
  document.getElementById("zoom-in").disabled = view.zoom >= LARGEST;
  document.getElementById("density").setAttribute("aria-pressed", String(view.comfortable));
}

function change(part) {
  view = { ...view, ...part };
  apply();
  try {
    localStorage.setItem(KEY, JSON.stringify(view));
  } catch {
    // no storage: it holds for this page only
  }
}

const zoomTo = (zoom) => change({ zoom: Math.min(LARGEST, Math.max(1, zoom)) });

const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();
let hits = [];
let visited = -1;

function filter(field) {
  const wanted = plain(field.value.trim());
  hits = [];
  visited = -1;
  for (const card of cards()) {
    const hit = wanted !== "" && plain(card.textContent).includes(wanted);
    card.toggleAttribute("data-hit", hit);
    card.toggleAttribute("data-dim", wanted !== "" && !hit);
    if (hit) hits.push(card);
  }
  if (wanted) announce(`${hits.length} of ${cards().length} cases match. Enter goes to them.`);
}

function goToNextHit() {
  if (!hits.length) return;
  visited = (visited + 1) % hits.length;
  focusCard(hits[visited]);
}

export function startView() {
  apply();
  document.getElementById("zoom-in").addEventListener("click", () => zoomTo(view.zoom + ZOOM_STEP));
  document.getElementById("zoom-out").addEventListener("click", () => zoomTo(view.zoom - ZOOM_STEP));
  document.getElementById("density").addEventListener("click", () => change({ comfortable: !view.comfortable }));
  const field = document.getElementById("day-filter");
  field.addEventListener("input", () => filter(field));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") goToNextHit();
    if (event.key !== "Escape") return;
    field.value = "";
    filter(field);
  });
  document.addEventListener("board:refreshed", () => {
    apply();
    filter(field);
  });
}
