// A board on a wall: nobody clicks it. It hears of changes, says when it can't, and asks again by itself.

import { fragment } from "./ui/server.js";

const POLL_MS = 30_000;
const GATHER_MS = 120;
const REOPEN_MS = 3_000;
const RELOAD_MS = 6 * 3_600_000; // a wall runs for months: new styles and scripts come with a new page
const wall = document.getElementById("wall");
const lost = document.querySelector("[data-lost]");
const DAY_S = 86_400;

let timer = 0;
let stream = null;
let isHearing = true;
let hasAnswer = true;
const began = Date.now();
let clockSet = Date.now();

/** The hospital's clock, which is the server's: the screen's own may be wrong or in another zone. */
function clockText() {
  const { seconds } = wall.querySelector("[data-seconds]").dataset;
  const now = (Number(seconds) + Math.floor((Date.now() - clockSet) / 1000)) % DAY_S;
  return [now / 3600, (now / 60) % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
}

const day = () => wall.querySelector("[data-day]")?.dataset.day;

/** Say since when nothing has come, and take it back once both ways work again. */
function tell() {
  const isLost = !isHearing || !hasAnswer;
  if (isLost && lost.hidden) lost.querySelector("[data-since]").textContent = clockText();
  lost.hidden = !isLost;
}

async function refresh() {
  const html = await fragment(location.pathname + location.search);
  hasAnswer = html !== null;
  if (hasAnswer) {
    window.Idiomorph.morph(wall, html, { morphStyle: "innerHTML" });
    clockSet = Date.now();
  }
  tell();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, GATHER_MS);
}

function listen() {
  stream = new EventSource(wall.dataset.live);
  stream.addEventListener("changed", (event) => JSON.parse(event.data).days.includes(day()) && soon());
  stream.addEventListener("open", () => {
    isHearing = true;
    soon(); // news may have passed meanwhile
  });
  // The server does not hear of changes itself; once it does, it ends the stream, and the browser opens a new one.
  stream.addEventListener("blind", () => {
    isHearing = false;
    tell();
  });
  stream.addEventListener("error", () => {
    isHearing = false;
    tell();
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    soon();
    setTimeout(listen, REOPEN_MS * (1 + Math.random()));
  });
}

function tick() {
  wall.querySelector("[data-seconds]").textContent = clockText();
}

listen();
document.addEventListener("page:refused", () => location.reload()); // it must not go on showing what was there
setInterval(tick, 1_000);
setInterval(() => (hasAnswer && Date.now() - began > RELOAD_MS ? location.reload() : refresh()), POLL_MS);
addEventListener("pagehide", () => stream?.close());
addEventListener("pageshow", (event) => event.persisted && (listen(), soon()));
addEventListener("online", soon);
