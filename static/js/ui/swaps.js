// What to say when a part of the page that was asked for, or sent, does not come back: htmx itself says nothing.

import { toast } from "./toast.js";

const OFFLINE = "No answer from the server, so it is not known whether this was saved. What you typed is still here: try again.";
const BROKEN = "The server could not answer, so it is not known whether this was saved. Try again; if it happens twice, tell support.";
const SIGNED_OUT = "You have been signed out, and nothing was changed. Sign in again in another tab: what you typed is still here.";
const NOT_TAKEN = "The server did not take this, so nothing was changed. Reload the page and try again.";

/** The sentence of an error page. */
function said(html) {
  const sentence = new DOMParser().parseFromString(html, "text/html").querySelector(".page-error p");
  return sentence ? sentence.textContent.trim() : "";
}

/** The sign-in page is no part of this one. */
function keepSignInOut(event) {
  const { xhr } = event.detail;
  if (!xhr.responseURL || !new URL(xhr.responseURL).pathname.startsWith("/accounts/")) return;
  event.detail.shouldSwap = false;
  toast(SIGNED_OUT, { bad: true });
}

export function startSwaps() {
  document.addEventListener("htmx:beforeSwap", keepSignInOut);
  document.addEventListener("htmx:sendError", () => toast(OFFLINE, { bad: true }));
  document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
    toast(xhr.status >= 500 ? BROKEN : said(xhr.responseText) || NOT_TAKEN, { bad: true });
  });
}
