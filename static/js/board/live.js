// Hear that something changed: one event stream per tab, and a slow poll for what the stream lost.

import { day, minuteNow, span, timeline, clockAt } from "./board.js";
import { refresh } from "./refresh.js";

const POLL_MS = 60_000;
const POLL_WHILE_LIVE_MS = 300_000;
const GATHER_MS = 120;
const REOPEN_MS = 5_000;

let timer = 0;
let stream = null;
let isBlind = false;
let polled = Date.now();

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, GATHER_MS);
}

function listen() {
  if (!window.EventSource) return;
  stream = new EventSource(timeline().dataset.live);
  stream.addEventListener("changed", (event) => {
    if (JSON.parse(event.data).days.includes(day())) soon();
  });
  stream.addEventListener("open", () => {
    isBlind = false;
    if (Date.now() - polled > GATHER_MS * 10) soon(); // news may have passed while the connection was down
  });
  stream.addEventListener("blind", () => {
    isBlind = true; // the server does not hear of changes itself, and ends the stream once it does
  });
  stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && refused());
}

/** The browser gives up after a refusal: the session may be over, which the next look shows, or the stream away. */
function refused() {
  soon();
  setTimeout(listen, REOPEN_MS * (1 + Math.random()));
}

function moveNowLine() {
  const minute = minuteNow();
  const shown = minute >= 0 && minute <= span();
  if (shown) timeline().style.setProperty("--now", minute);
  else timeline().style.removeProperty("--now");
  const label = timeline().querySelector(".tl-hours .now");
  if (label && shown) label.textContent = clockAt(minute);
}

function poll() {
  if (document.hidden) return;
  moveNowLine();
  const live = stream?.readyState === EventSource.OPEN && !isBlind;
  if (Date.now() - polled < (live ? POLL_WHILE_LIVE_MS : POLL_MS)) return;
  polled = Date.now();
  refresh();
}

export function startLive() {
  listen();
  setInterval(poll, 15_000);
  document.addEventListener("board:refreshed", () => {
    polled = Date.now();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) soon();
  });
  addEventListener("online", soon); // what was asked for without a connection never came
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => event.persisted && (listen(), soon()));
}
