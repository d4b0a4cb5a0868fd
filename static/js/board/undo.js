// What this tab changed, newest last. The server knows how to undo; here are only the numbers.

import { post } from "../ui/server.js";
import { toast } from "../ui/toast.js";
import { board } from "./board.js";
import { refresh } from "./refresh.js";

const changes = [];
const button = () => document.getElementById("undo");

export function remember(change) {
  changes.push(change);
  update();
}

function update() {
  if (button()) button().disabled = changes.length === 0;
}

export async function undo() {
  const change = changes.pop();
  update();
  if (change === undefined) return;
  const answer = await post(board.dataset.undo.replace("/0/", `/${change}/`), {});
  toast(answer.ok ? answer.message : `Not undone. ${answer.message}`, { bad: !answer.ok });
  await refresh();
}

export function startUndo() {
  update();
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
