// What this tab changed, newest last. The server knows how to undo; here are only the numbers.

import { inDoubt, isDecided, openByPost, post } from "../ui/server.js";
import { toast } from "../ui/toast.js";
import { board } from "./board.js";
import { refresh } from "./refresh.js";

const changes = [];
let asking = false;
const button = () => document.getElementById("undo");

export function remember(change) {
  changes.push(change);
  update();
}

function update() {
  if (button()) button().disabled = changes.length === 0;
}

export async function undo() {
  const change = changes.at(-1);
  if (change === undefined || asking) return;
  asking = true;
  const url = board.dataset.undo.replace("/0/", `/${change}/`);
  const answer = await post(url, {});
  asking = false;
  if (answer.kind === "conflict") {
    openByPost(url); // the page says what is in the way, and takes a reason where one helps
    return;
  }
  // What the server did not decide can be tried again; what it refused, it would refuse again, and it
  // must not stand in the way of the changes before it.
  const decided = isDecided(answer);
  if (decided) changes.splice(changes.indexOf(change), 1);
  update();
  toast(answer.ok || !decided ? answer.message : `Not undone. ${answer.message}`, { bad: !answer.ok });
  if (answer.ok || inDoubt(answer)) await refresh();
}

export function startUndo() {
  update();
  document.addEventListener("board:refreshed", update);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#undo")) undo();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (typing || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    undo();
  });
}
