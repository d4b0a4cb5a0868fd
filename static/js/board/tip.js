// Two small boxes beside the pointer: where a dragged card would go, and what a card's text cuts off.

import { timeline } from "./board.js";

const MARGIN = 8;
const DELAY_MS = 350;

function makeBox(className) {
  const box = document.createElement("div");
  box.className = className;
  box.hidden = true;
  box.setAttribute("aria-hidden", "true");
  document.body.append(box);
  return box;
}

const dropTip = makeBox("tip");

export function showDrop(text, bad, x, y) {
  dropTip.hidden = false;
  dropTip.classList.toggle("bad", bad);
  dropTip.textContent = text;
  dropTip.style.left = `${Math.min(x + 14, innerWidth - dropTip.offsetWidth - MARGIN)}px`;
  dropTip.style.top = `${Math.max(MARGIN, y - 34)}px`;
}

export function hideDrop() {
  dropTip.hidden = true;
}

const cardTip = makeBox("tip card-tip");
let timer = 0;

/** Everything that the card says, also what does not fit on it. */
function fill(card) {
  const text = (selector) => card.querySelector(selector)?.textContent.trim() || "";
  const lines = [`${text(".case-time")}  ${text(".case-proc")}`, text(".case-meta"), text(".case-more")];
  const name = document.createElement("b");
  name.textContent = text(".case-name");
  cardTip.replaceChildren(
    name,
    ...lines.filter(Boolean).map((line) => Object.assign(document.createElement("div"), { textContent: line })),
  );
}

function showCard(card) {
  fill(card);
  cardTip.hidden = false;
  const box = card.getBoundingClientRect();
  const below = box.bottom + cardTip.offsetHeight + MARGIN < innerHeight;
  cardTip.style.top = `${below ? box.bottom + 6 : box.top - cardTip.offsetHeight - 6}px`;
  cardTip.style.left = `${Math.max(MARGIN, Math.min(box.left, innerWidth - cardTip.offsetWidth - MARGIN))}px`;
}

export function hideCard() {
  clearTimeout(timer);
  cardTip.hidden = true;
}

export function startCardTips() {
  const over = (event) => {
    const card = event.target.closest?.(".case");
    hideCard();
    if (card && timeline().contains(card)) timer = setTimeout(() => showCard(card), DELAY_MS);
  };
  document.addEventListener("pointerover", (event) => event.pointerType === "mouse" && over(event));
  document.addEventListener("focusin", (event) => event.target.matches?.(":focus-visible") && over(event));
  document.addEventListener("focusout", hideCard);
  document.addEventListener("pointerdown", hideCard);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hideCard());
  document.addEventListener("scroll", hideCard, { capture: true, passive: true });
}
