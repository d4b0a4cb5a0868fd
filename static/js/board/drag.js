// Drag a case between theatres and times, drag its end, or drag from the waiting list.
// Row geometry is read once when the pointer goes down; while moving, only a transform is written.

import { SNAP, clockRange, draw as drawPart, isPhone, laneOf, looksFree, mayMove, nameOf, placeOf, rows, snap, span, takenIn, timeline } from "./board.js";
import { scrollAtEdge } from "./edge-scroll.js";
import { book, move } from "./commands.js";
import { hold, release } from "./refresh.js";
import { hideDrop, showDrop } from "./tip.js";

const STARTS_AFTER_PX = 4;
const LONG_PRESS_MS = 350;
const CLONE_GRAB_PX = 20;
let drag = null;
let swallowClick = false;

function measureRows() {
  return rows().map((row) => {
    const lane = laneOf(row);
    const { top, bottom, left, width } = lane.getBoundingClientRect();
    return { row, lane, top, bottom, left, width };
  });
}

function prepare(event, card, mode) {
  const measured = measureRows();
  const fromList = card.matches(".wl-card");
  const place = fromList ? { s: 0, d: Number(card.dataset.d), row: null } : placeOf(card);
  drag = {
    card,
    mode,
    fromList,
    from: place,
    extra: { p: Number(card.dataset.p), t: Number(card.dataset.t) },
    rows: measured,
    home: measured.find(({ row }) => row === place.row) || null,
    perMinute: measured[0].width / span(),
    grab: fromList ? CLONE_GRAB_PX : event.clientX - card.getBoundingClientRect().left,
    pointer: event.pointerId,
    origin: { x: event.clientX, y: event.clientY, left: timeline().scrollLeft, top: timeline().scrollTop },
    at: { x: event.clientX, y: event.clientY },
    to: null,
    begun: false,
    frame: 0,
  };
}

function begin() {
  drag.begun = true;
  hold();
  if (drag.fromList) {
    drag.clone = drag.card.cloneNode(true);
    drag.clone.removeAttribute("id");
    drag.clone.classList.add("clone");
    document.body.append(drag.clone);
    return;
  }
  // A row clips what leaves it (content-visibility); lift its containment for the drag.
  drag.card.classList.add("dragging");
  drag.card.parentElement.classList.add("lift");
  drag.home.row.classList.add("lift-row");
}

/** Where the pointer is now, as a place on the board; null beside it. */
function target() {
  const { at, origin, home, mode, fromList, from, grab, perMinute } = drag;
  const scrolled = { x: timeline().scrollLeft - origin.left, y: timeline().scrollTop - origin.top };
  if (mode === "resize") {
    const minutes = snap(from.d + (at.x - origin.x + scrolled.x) / perMinute);
    return { ...home, s: from.s, d: Math.max(SNAP, minutes) };
  }
  const y = at.y + scrolled.y;
  const row = drag.rows.find(({ top, bottom }) => y >= top && y < bottom) || (fromList ? null : home);
  if (!row || (fromList && at.x > timeline().getBoundingClientRect().right)) return null;
  // A case over midnight sticks out already; it may stay so, and no other case comes to.
  const least = Math.min(0, from.s);
  const most = Math.max(0, span() - from.d, from.s);
  const s = least + snap((at.x - grab - row.left + scrolled.x) / perMinute);
  return { ...row, s: Math.min(most, Math.max(least, s)), d: from.d };
}

function enter(row) {
  if (drag.over?.row === row?.row) return;
  drag.over?.lane.classList.remove("lane-over");
  row?.lane.classList.add("lane-over");
  drag.over = row;
  drag.taken = row ? takenIn(row.row, drag.card) : [];
}

function draw() {
  if (!drag) return;
  drag.frame = 0;
  const to = target();
  enter(to);
  drag.to = to;
  const ghost = drag.clone || drag.card;
  if (drag.clone) {
    drag.clone.style.left = `${drag.at.x - CLONE_GRAB_PX}px`;
    drag.clone.style.top = `${drag.at.y - 16}px`;
  } else if (drag.mode === "resize") {
    drawPart(drag.card.parentElement, to);
  } else {
    drawMoved(to);
  }
  const free = to !== null && looksFree(drag.taken, { ...to, ...drag.extra });
  ghost.classList.toggle("ghost-ok", free);
  ghost.classList.toggle("ghost-bad", !free);
  if (to) showDrop(`${nameOf(to.row)} · ${clockRange(to.s, to.d)}${free ? "" : " · taken"}`, !free, drag.at.x, drag.at.y);
  else hideDrop();
  const overTimeline = !drag.fromList || to;
  if (overTimeline && scrollAtEdge(timeline(), drag.at)) drag.frame = requestAnimationFrame(draw);
}

/** Only a transform, unless what there is to see of the case changes with its place. */
function drawMoved(to) {
  const { card, from, home, perMinute } = drag;
  const cut = from.s < 0 || from.s + from.d > span();
  if (cut) drawPart(card.parentElement, to);
  const [x, y] = [cut ? 0 : (to.s - from.s) * perMinute, to.top - home.top];
  card.style.transform = `translate(${x}px, ${y}px)`;
}

function follow(event) {
  if (!drag || drag.pointer !== event.pointerId) return;
  drag.at = { x: event.clientX, y: event.clientY };
  if (!drag.begun) {
    if (Math.hypot(drag.at.x - drag.origin.x, drag.at.y - drag.origin.y) < STARTS_AFTER_PX) return;
    begin();
  }
  if (!drag.frame) drag.frame = requestAnimationFrame(draw);
}

function cleanUp({ card, clone, home, over, from }) {
  hideDrop();
  over?.lane.classList.remove("lane-over");
  clone?.remove();
  card.classList.remove("dragging", "ghost-ok", "ghost-bad");
  card.style.transform = "";
  if (!home) return;
  card.parentElement.classList.remove("lift");
  drawPart(card.parentElement, from);
  home.row.classList.remove("lift-row");
}

async function finish(cancelled) {
  if (!drag) return;
  cancelAnimationFrame(drag.frame);
  if (drag.begun && drag.frame && !cancelled) draw();
  cancelAnimationFrame(drag.frame);
  const done = drag;
  drag = null;
  if (!done.begun) return;
  cleanUp(done);
  release();
  swallowClick = true;
  setTimeout(() => (swallowClick = false), 0);
  const { card, from, to, fromList } = done;
  const place = to && { s: to.s, d: to.d, row: to.row };
  const moved = place && (fromList || place.s !== from.s || place.d !== from.d || place.row !== from.row);
  // The server is asked even when the place looks taken: it knows why, and what is free instead.
  if (!cancelled && moved) await (fromList ? book(card, place) : move(card, from, place));
}

function pressed(event) {
  if (event.button || drag || isPhone() || !mayMove()) return;
  const card = event.target.closest(".case[data-movable], .wl-card[data-movable]");
  if (!card || event.target.closest("[data-no-drag]")) return;
  const mode = event.target.closest(".rsz") ? "resize" : "move";
  if (event.pointerType === "touch") afterLongPress(event, () => prepare(event, card, mode));
  else prepare(event, card, mode);
}

/** On touch a short press scrolls or opens; holding still picks the card up. */
function afterLongPress(event, pickUp) {
  const stop = new AbortController();
  const { signal } = stop;
  const timer = setTimeout(() => {
    stop.abort();
    pickUp();
    begin();
    navigator.vibrate?.(15);
  }, LONG_PRESS_MS);
  const giveUp = () => {
    clearTimeout(timer);
    stop.abort();
  };
  addEventListener("pointermove", (move) => Math.hypot(move.clientX - event.clientX, move.clientY - event.clientY) > 8 && giveUp(), { signal });
  addEventListener("pointerup", giveUp, { signal });
  addEventListener("pointercancel", giveUp, { signal });
}

export function startDrag() {
  document.addEventListener("pointerdown", pressed);
  document.addEventListener("pointermove", follow);
  document.addEventListener("pointerup", (event) => drag?.pointer === event.pointerId && finish(false));
  document.addEventListener("pointercancel", () => finish(true));
  document.addEventListener("keydown", (event) => event.key === "Escape" && drag?.begun && finish(true));
  document.addEventListener("touchmove", (event) => drag?.begun && event.preventDefault(), { passive: false });
  document.addEventListener("dragstart", (event) => event.target.closest?.(".case, .wl-card") && event.preventDefault());
  document.addEventListener("contextmenu", (event) => drag?.begun && event.preventDefault());
  addEventListener("click", (event) => {
    if (!swallowClick) return;
    event.stopPropagation();
    event.preventDefault();
  }, true);
}
