// The roster: the server's markup works without this; here shifts learn to be dragged.

import { inDoubt, isDecided, fragment, post } from "../ui/server.js";
import { toast } from "../ui/toast.js";
import { startDrag } from "./drag.js";

const host = document.getElementById("roster");

/** Fetch the page again and merge the table into this one: focus and scrolling stay where they are. */
async function refresh() {
  const html = await fragment(location.href);
  const fresh = html && new DOMParser().parseFromString(html, "text/html").getElementById("roster");
  if (fresh) window.Idiomorph.morph(host, fresh.innerHTML, { morphStyle: "innerHTML" });
}

async function undo() {
  const answer = await post(host.dataset.undo, {});
  const failed = isDecided(answer) ? `Not undone. ${answer.message}` : answer.message;
  toast(answer.ok ? answer.message : failed, { bad: !answer.ok });
  if (answer.ok || inDoubt(answer)) await refresh();
}

/** Ask the server to move a shift; nothing is shown as moved before it has agreed. */
async function move(chip, cell) {
  chip.setAttribute("aria-busy", "true");
  const { move: url, seen } = chip.dataset;
  const answer = await post(url, { seen, day: cell.dataset.day, person: cell.parentElement.dataset.person });
  chip.removeAttribute("aria-busy");
  if (answer.ok) toast(answer.message, { action: { label: "Undo", run: undo } });
  else toast(answer.message, { bad: true });
  if (!answer.ok && !inDoubt(answer)) return;
  await refresh();
  document.getElementById(chip.id)?.focus({ preventScroll: true });
}

if (host) {
  startDrag(host, move);
  host.dataset.ready = "1";
}
