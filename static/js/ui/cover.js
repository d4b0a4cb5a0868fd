// Hide a page whose session has ended, and uncover it when the same person has signed in again in another tab.

import { post } from "./server.js";

const ASK_MS = 3_000;
const KEEP_MS = 3_600_000; // after an hour what was typed is given up: it may be about a patient
const box = () => document.getElementById("signed-out");

/** Whether something was typed or chosen in a form that would be lost with the page. */
export const isTyped = () => [...document.querySelectorAll("form input, form textarea, form select")].some(isChanged);

function isChanged(field) {
  if (["hidden", "password", "search", "submit"].includes(field.type)) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type !== "select-one" && field.type !== "select-multiple") return field.value !== field.defaultValue;
  const given = [...field.options].some((option) => option.defaultSelected);
  return given ? [...field.options].some((one) => one.selected !== one.defaultSelected) : field.selectedIndex > 0;
}

/** Cover the page. Resolves to whether it may be shown again: to nobody but the person who left it. */
export async function coverUntilSignedIn() {
  const since = Date.now();
  document.body.classList.add("is-covered");
  box().addEventListener("cancel", (event) => event.preventDefault());
  box().showModal();
  await post(document.body.dataset.leave, {}); // the server waits a little longer than the page; nobody is there, so end it now
  let now = null;
  while (!now) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    if (Date.now() - since > KEEP_MS) return false;
    now = await whoIsSignedIn();
  }
  if (String(now.user) !== document.body.dataset.user) return false;
  takeToken(now.token);
  document.body.classList.remove("is-covered");
  box().close();
  return true;
}

async function whoIsSignedIn() {
  try {
    const response = await fetch(document.body.dataset.stay, { headers: { "X-Background": "1" } });
    return response.ok && !response.redirected ? await response.json() : null;
  } catch {
    return null; // offline: ask again
  }
}

/** Forms and commands of this page go on with the token of the new session. */
function takeToken(token) {
  document.querySelector('meta[name="csrf-token"]').content = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) field.value = token;
}
