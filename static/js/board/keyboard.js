// Move a case without a mouse: M starts, arrows move, Shift and arrows resize, Enter saves, Escape leaves.

import { announce } from "../ui/announce.js";
import { SNAP, board, cardOf, clockAt, looksFree, mayMove, nameOf, placeOf, rows, show, takenIn, timeline, titleOf } from "./board.js";
import { move } from "./commands.js";
import { hold, release } from "./refresh.js";
import { focusCard, navigate } from "./roving.js";
import { hideCard } from "./tip.js";

const HELP = "Arrow keys move by 5 minutes or to the next theatre, with Alt 15, with Control 60. Shift and arrows change the length. Enter saves, Escape cancels.";
let moving = null;

function start(card) {
  if (!mayMove()) return announce("You may look at the schedule, but not change it.");
  if (card.dataset.movable === undefined) return announce("This case has started or is over; it can’t be moved.");
  hold();
  hideCard();
  moving = { card, from: placeOf(card), to: placeOf(card) };
  card.classList.add("kbd-move");
  return announce(`Moving ${titleOf(card)}. ${HELP}`);
}

function stop() {
  const { card } = moving;
  card.classList.remove("kbd-move", "ghost-ok", "ghost-bad");
  moving = null;
  release();
  return card;
}

function cancel() {
  const { card, from } = moving;
  show(card, from);
  stop();
  focusCard(card);
  announce("Move cancelled; nothing was changed.");
}

async function save() {
  const { card, from, to } = moving;
  stop();
  const changed = from.s !== to.s || from.d !== to.d || from.row !== to.row;
  if (changed) await move(card, from, to);
  else announce("Nothing was changed.");
  if (!document.querySelector("dialog[open]")) focusCard(cardOf(card.dataset.id));
}

function stepOf(event) {
  if (event.ctrlKey) return 60;
  return event.altKey ? 15 : SNAP;
}

/** The place one key press further, or null for a key that means nothing here. */
function next(event, { s, d, row }) {
  const step = stepOf(event);
  const all = rows();
  const index = all.indexOf(row);
  const changes = {
    ArrowLeft: event.shiftKey ? { d: Math.max(SNAP, d - step) } : { s: s - step },
    ArrowRight: event.shiftKey ? { d: d + step } : { s: s + step },
    ArrowUp: { row: all[Math.max(0, index - 1)] },
    ArrowDown: { row: all[Math.min(all.length - 1, index + 1)] },
  };
  return changes[event.key] ? { s, d, row, ...changes[event.key] } : null;
}

function step(event) {
  const to = next(event, moving.to);
  if (!to) return;
  event.preventDefault();
  moving.to = to;
  const { card } = moving;
  show(card, to);
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  const free = looksFree(takenIn(to.row, card), { ...to, p: Number(card.dataset.p), t: Number(card.dataset.t) });
  card.classList.toggle("ghost-ok", free);
  card.classList.toggle("ghost-bad", !free);
  announce(`${nameOf(to.row)}, ${clockAt(to.s)} to ${clockAt(to.s + to.d)}, ${free ? "free" : "taken"}`);
}

function keyInMoveMode(event) {
  if (event.key === "Escape") {
    event.preventDefault();
    cancel();
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    save();
  } else {
    step(event);
  }
}

export function startKeyboard() {
  board.addEventListener("keydown", (event) => {
    const card = event.target.closest(".case");
    if (!card || !timeline().contains(card)) return;
    if (moving) keyInMoveMode(event);
    else if (event.key.toLowerCase() === "m" && !event.ctrlKey && !event.metaKey) start(card);
    else navigate(event, card);
  });
  // Leaving the card by mouse or Tab must not leave a half-made move behind.
  board.addEventListener("focusout", (event) => {
    if (moving && event.target === moving.card && event.relatedTarget) cancel();
  });
}
