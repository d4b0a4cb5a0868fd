// The box in the top bar: patients are shown while one types. What is typed goes in a POST's body, never in an address,
// and is forgotten when the page is left. Without this script the same form leads to the page of the search.

import { announce } from "./announce.js";

const WAIT = 180; // milliseconds of rest before the server is asked
const LEAST = 2;

export function startFinder() {
  const form = document.getElementById("finder");
  if (!form) return;
  const input = form.querySelector("input[role=combobox]");
  const panel = form.querySelector(".find-panel");
  let timer = 0;
  let asking = new AbortController();

  const options = () => [...panel.querySelectorAll("[role=option]")];
  const chosen = () => panel.querySelector("[aria-selected=true]");

  function mark(option) {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show(html) {
    panel.innerHTML = html;
    const found = options();
    panel.hidden = !panel.childElementCount;
    input.setAttribute("aria-expanded", String(found.length > 0));
    // The only one there is need not be chosen; one that is only nearly called so must be.
    mark(found.length === 1 && !panel.querySelector("[data-nearly]") ? found[0] : null);
    const said = panel.querySelector("[data-said]");
    if (said) announce(said.textContent.trim());
  }

  function close() {
    clearTimeout(timer);
    asking.abort();
    show("");
  }

  function leave() {
    close();
    input.value = "";
    form.classList.remove("is-sheet");
    document.body.classList.remove("has-sheet");
  }

  async function ask(text) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const response = await fetch(form.action, {
        method: "POST",
        headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
        body: new URLSearchParams({ text, show: "suggestions" }),
        signal,
      });
      if (response.redirected) return document.dispatchEvent(new CustomEvent("session:over"));
      const html = response.ok ? await response.text() : "";
      if (!signal.aborted) show(html);
    } catch {
      // Another search began, or there is no network: then Enter leads to the page, which says so.
      if (!signal.aborted) show("");
    }
  }

  function open(option) {
    if (option.dataset.url) return location.assign(option.dataset.url);
    input.value = option.dataset.mrn;
    form.requestSubmit();
  }

  function move(step) {
    const found = options();
    if (!found.length) return;
    const at = found.indexOf(chosen()) + step;
    mark(found[at < -1 ? found.length - 1 : (at + found.length) % found.length]);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    mark(null); // the list is of what was typed before: Enter must not open somebody of it
    const text = input.value.trim();
    if (text.length < LEAST) return close();
    timer = setTimeout(() => ask(text), WAIT);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" && chosen()) open(chosen());
    else if (event.key === "Escape") {
      leave();
      input.blur();
    } else return;
    event.preventDefault();
  });

  panel.addEventListener("pointerdown", (event) => {
    if (event.target.closest("[role=option]")) event.preventDefault(); // the box keeps the focus
  });
  panel.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) open(option);
  });
  form.addEventListener("submit", close);
  form.querySelector(".find-close").addEventListener("click", leave);
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) leave();
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) close();
  });
  for (const link of document.querySelectorAll("[data-opens-finder]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      form.classList.add("is-sheet");
      document.body.classList.add("has-sheet");
      input.focus();
    });
  }
  addEventListener("pagehide", leave);
}
