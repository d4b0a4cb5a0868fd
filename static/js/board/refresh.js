// Fetch the board again and merge it into the page: focus, scrolling and fields stay where they are.

import { board, timeline } from "./board.js";
import { fragment } from "../ui/server.js";

const AGAIN_MS = 400;
let held = 0;
let wanted = false;
let running = null;

/** While something is being dragged the board must not change under the pointer. */
export function hold() {
  held += 1;
}

export function release() {
  held = Math.max(0, held - 1);
  if (!held && wanted) refresh();
}

/** Bring the board up to date; calls that come while one is under way share the next. */
export async function refresh() {
  if (held || running) {
    wanted = true;
    return running;
  }
  wanted = false;
  running = load();
  await running;
  running = null;
  if (wanted) setTimeout(refresh, AGAIN_MS);
}

async function load() {
  const html = await fragment(board.dataset.url);
  if (html === null) return;
  if (held) {
    wanted = true;
    return;
  }
  const { scrollLeft, scrollTop } = timeline();
  window.Idiomorph.morph(board, html, {
    morphStyle: "innerHTML",
    callbacks: { beforeNodeMorphed: (node) => node.dataset?.keep === undefined },
  });
  timeline().scrollTo(scrollLeft, scrollTop);
  document.dispatchEvent(new CustomEvent("board:refreshed"));
}
