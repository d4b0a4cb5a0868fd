// Warn before the session ends because nobody is there, and let one stay. The server decides; see accounts/sessions.py.

import { coverUntilSignedIn, isTyped } from "./cover.js";
import { post } from "./server.js";

const WARN_MS = 120_000;
const TELL_EVERY_MS = 60_000;
const LOOK_MS = 5_000;
const KEY = "active-at"; // shared by the tabs of one browser; a time and nothing else
const dialog = () => document.getElementById("idle-warning");

let told = Date.now();
let limit = Infinity;
let timer = 0;
let isLeaving = false;

const active = () => Math.max(told, Number(localStorage.getItem(KEY)) || 0);

async function tell() {
  told = Date.now();
  localStorage.setItem(KEY, told);
  const answer = await post(document.body.dataset.stay, {});
  if (!answer.ok && answer.kind === "refused") leave();
}

function noteHand() {
  if (!dialog().open && Date.now() - active() > TELL_EVERY_MS) tell();
}

/**
 * Cover what was typed until the same person has signed in again. With nothing to lose, ask for this page again:
 * the server finds the time over, shows the sign-in page and leads back.
 */
async function leave() {
  isLeaving = true;
  clearInterval(timer);
  dialog().close();
  if (!isTyped() || !(await coverUntilSignedIn())) {
    location.assign(location.pathname + location.search);
    return;
  }
  told = Date.now();
  localStorage.setItem(KEY, told);
  timer = setInterval(look, LOOK_MS);
  isLeaving = false;
}

const left = () => limit - (Date.now() - active());

function look() {
  const box = dialog();
  if (left() <= 0) leave();
  else if (left() <= WARN_MS && !box.open) box.showModal();
  else if (left() > WARN_MS && box.open) box.close(); // another tab is in use
  box.querySelector("[data-left]").textContent = `${Math.max(1, Math.ceil(left() / 60_000))} min`;
}

export function startIdle() {
  if (!dialog()) return;
  limit = Number(document.body.dataset.idle) * 60_000;
  localStorage.setItem(KEY, told);
  for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, noteHand, { passive: true });
  dialog().addEventListener("close", () => left() > 0 && tell());
  document.addEventListener("session:over", () => !isLeaving && leave());
  timer = setInterval(look, LOOK_MS);
}
