// The board as data: rows, cases, minutes and clock times. Everything else asks here.
// Minutes count real elapsed minutes from the board's start, so clock changes need no care.

export const SNAP = 5;
const MINUTE_MS = 60_000;

export const board = document.getElementById("board");
export const timeline = () => document.getElementById("tl");
export const span = () => Number(timeline().dataset.span);
export const day = () => timeline().dataset.day;
export const mayMove = () => timeline().dataset.mayMove === "1";

export const rows = () => [...timeline().querySelectorAll(".tl-row")];
export const rowOf = (card) => card.closest(".tl-row");
export const laneOf = (row) => row.querySelector(".tl-lane");
export const nameOf = (row) => row.dataset.name;
export const cards = () => [...timeline().querySelectorAll(".case")];
export const cardOf = (id) => document.getElementById(`case-${id}`);
export const cardsIn = (row) => [...row.querySelectorAll(".case")].sort((a, b) => a.dataset.s - b.dataset.s);
export const titleOf = (card) => card.querySelector(".case-name, .wl-name").textContent.trim();
export const isPhone = () => matchMedia("(max-width: 767.98px)").matches;

/** The place of a card: {s: start, d: minutes in the room, row}. Over midnight it reaches beyond the board. */
export const placeOf = (card) => ({ s: Number(card.dataset.s), d: Number(card.dataset.d), row: rowOf(card) });

/** The instant of a minute of the board, in ISO 8601 with its zone: nothing is left to guess. */
export function instantAt(minute) {
  return new Date(Number(timeline().dataset.start) + minute * MINUTE_MS).toISOString();
}

/** The minute of the board that is now; it may lie outside the board. */
export function minuteNow() {
  return Math.floor((Date.now() - Number(timeline().dataset.start)) / MINUTE_MS);
}

/** The hospital's clock at a minute of the board, read off the marks that the server wrote: the hours, and changes after it. */
export function clockAt(minute) {
  let mark = null;
  for (const item of timeline().querySelectorAll(".tl-hours li[data-clock]")) {
    if (mark === null || Number(item.dataset.s) <= minute) mark = item;
  }
  const [hours, minutes] = mark.dataset.clock.split(":").map(Number);
  const total = (hours * 60 + minutes + minute - Number(mark.dataset.s) + 1440) % 1440;
  return `${String(Math.floor(total / 60)).padStart(2, "0")}:${String(total % 60).padStart(2, "0")}`;
}

export const clockRange = (start, minutes) => `${clockAt(start)}–${clockAt(start + minutes)}`;
export const snap = (minutes) => Math.round(minutes / SNAP) * SNAP;

/** Draw the part of a place that the board has room for. */
export function draw(item, { s, d }) {
  const from = Math.max(0, s);
  item.style.setProperty("--s", from);
  item.style.setProperty("--d", Math.max(0, Math.min(span(), s + d) - from));
}

/** Show a card at a place; the server has not been asked. */
export function show(card, { s, d, row }) {
  card.dataset.s = s;
  card.dataset.d = d;
  const item = card.parentElement;
  draw(item, { s, d });
  const lane = row.querySelector(".cases");
  if (item.parentElement !== lane) lane.append(item);
  card.querySelector(".case-time").textContent = clockRange(s, d);
}

/** What is taken in a row, set-up and clean-up included, as [from, to] in minutes. */
export function takenIn(row, except) {
  const cases = cardsIn(row).filter((card) => card !== except);
  const closed = [...row.querySelectorAll(".shut[data-closed]")];
  return [
    ...cases.map(({ dataset }) => [dataset.s - dataset.p, Number(dataset.s) + Number(dataset.d) + Number(dataset.t)]),
    ...closed.map(({ dataset }) => [Number(dataset.s), Number(dataset.s) + Number(dataset.d)]),
  ];
}

/** A hint only: whether a place looks free here. The server decides. */
export function looksFree(taken, { s, d, p, t }) {
  const [from, to] = [s - p, s + d + t];
  return s < span() && s + d > 0 && !taken.some(([start, end]) => from < end && start < to);
}
