// One Tab stop for the whole board; arrows go from case to case.

import { board, cardOf, cards, cardsIn, rowOf, rows, timeline } from "./board.js";

let current = null;

function setCurrent(card) {
  if (current?.isConnected) current.tabIndex = -1;
  current = card;
  if (card) card.tabIndex = 0;
}

export function focusCard(card) {
  if (!card) return;
  setCurrent(card);
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** After the server's markup was merged in, one card is the Tab stop again. */
function restore() {
  const again = current && cardOf(current.dataset.id);
  const all = cards();
  for (const card of all) card.tabIndex = -1;
  setCurrent(again || all[0] || null);
}

const STEPS = {
  ArrowRight: (list, i) => list[i + 1],
  ArrowLeft: (list, i) => list[i - 1],
  Home: (list) => list[0],
  End: (list) => list.at(-1),
};

/** The card in the next row that has one, nearest in time. */
function inNextRow(card, direction) {
  const all = rows();
  for (let i = all.indexOf(rowOf(card)) + direction; all[i]; i += direction) {
    const list = cardsIn(all[i]);
    const distance = (other) => Math.abs(other.dataset.s - card.dataset.s);
    if (list.length) return list.reduce((best, other) => (distance(other) < distance(best) ? other : best));
  }
  return null;
}

export function navigate(event, card) {
  const list = cardsIn(rowOf(card));
  let next;
  if (STEPS[event.key]) next = STEPS[event.key](list, list.indexOf(card));
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") next = inNextRow(card, event.key === "ArrowDown" ? 1 : -1);
  else return;
  event.preventDefault();
  focusCard(next);
}

export function startRoving() {
  restore();
  document.addEventListener("board:refreshed", restore);
  board.addEventListener("focusin", (event) => {
    const card = event.target.closest(".case");
    if (card && card !== current && timeline().contains(card)) setCurrent(card);
  });
}
