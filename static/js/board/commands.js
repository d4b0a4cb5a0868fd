// Book or move one operation: show it at once, ask the server, and put it back when refused.

import { inDoubt, post } from "../ui/server.js";
import { toast } from "../ui/toast.js";
import { cardOf, clockRange, instantAt, nameOf, show, titleOf } from "./board.js";
import { explain } from "./refusal.js";
import { hold, refresh, release } from "./refresh.js";
import { remember, undo } from "./undo.js";

/**
 * Ask the server to do `order`: {url, version, theatre, start, minutes, title, who, where}.
 * Returns whether it was done. When refused, `revert` runs first, then the reasons are shown with
 * what else is possible; taking one of those is a new order.
 */
async function send(order, revert) {
  const { url, title, who, where, id, ...fields } = order;
  hold();
  const answer = await post(url, fields);
  release();
  if (answer.ok) {
    remember(answer.change);
    toast(answer.message || `${title} – ${where}`, { action: { label: "Undo", run: undo } });
    await refresh();
    cardOf(id)?.focus({ preventScroll: true });
    return true;
  }
  revert();
  if (answer.kind === "conflict") explain(order, answer, (changed) => send({ ...order, ...changed }, () => {}));
  else toast(refusalText(answer), { bad: true });
  if (inDoubt(answer)) refresh();
  return false;
}

function refusalText({ message, errors }) {
  const details = Object.values(errors || {}).flat();
  return details.length ? `Not changed. ${details.join(" ")}` : message;
}

function orderFor(card, place) {
  return {
    id: card.dataset.id,
    url: card.dataset.url,
    version: card.dataset.version,
    theatre: place.row.dataset.theatre,
    start: instantAt(place.s),
    minutes: place.d,
    title: titleOf(card),
    who: card.querySelector(".case-who")?.textContent || "",
    where: `${nameOf(place.row)}, ${clockRange(place.s, place.d)}`,
  };
}

/** Move a card that is on the board from where it was to another place. */
export async function move(card, from, to) {
  show(card, to);
  card.setAttribute("aria-busy", "true");
  const done = await send(orderFor(card, to), () => show(card, from));
  card.removeAttribute("aria-busy");
  return done;
}

/** Book a card of the waiting list at a place. */
export async function book(card, place) {
  const pending = pendingCard(card, place);
  card.classList.add("visually-hidden");
  const done = await send(orderFor(card, place), () => {
    pending.remove();
    card.classList.remove("visually-hidden");
  });
  pending.remove();
  return done;
}

function pendingCard(card, place) {
  const item = document.getElementById("pending-card").content.firstElementChild.cloneNode(true);
  const box = item.querySelector(".case");
  box.classList.add(...[...card.classList].filter((name) => name.startsWith("hue-")));
  box.querySelector(".case-name").textContent = titleOf(card);
  box.querySelector(".case-proc").textContent = card.querySelector(".wl-proc").textContent;
  item.style.setProperty("--t", card.dataset.t);
  place.row.querySelector(".cases").append(item);
  Object.assign(box.dataset, { p: card.dataset.p, t: card.dataset.t });
  show(box, place);
  return item;
}

