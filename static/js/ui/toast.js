// Short messages at the bottom of the page, with at most one button.

import { announce } from "./announce.js";

const SHOWN_MS = 10_000;
const host = document.getElementById("toasts");
const template = document.getElementById("toast-template");
let timer = 0;

export function toast(message, { bad = false, action = null } = {}) {
  const box = template.content.firstElementChild.cloneNode(true);
  box.classList.toggle("bad", bad);
  box.querySelector("[data-text]").textContent = message;
  const [button, close] = box.querySelectorAll("button");
  if (action) {
    button.textContent = action.label;
    button.addEventListener("click", () => {
      dismiss(box);
      action.run();
    });
  } else {
    button.remove();
  }
  close.addEventListener("click", () => dismiss(box));
  if (bad) box.setAttribute("role", "alert");
  else announce(message);
  host.replaceChildren(box);
  leaveLater(box);
  // Time stops while somebody reads, or is about to press the button.
  for (const type of ["pointerenter", "focusin"]) box.addEventListener(type, () => clearTimeout(timer));
  for (const type of ["pointerleave", "focusout"]) box.addEventListener(type, () => leaveLater(box));
}

function leaveLater(box) {
  clearTimeout(timer);
  timer = setTimeout(() => dismiss(box), SHOWN_MS);
}

function dismiss(box) {
  clearTimeout(timer);
  box.remove();
}
