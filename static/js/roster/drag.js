// Drag a shift to another day or person. While moving, only a transform is written.

const STARTS_AFTER_PX = 4;
let drag = null;
let swallowClick = false;

function cellAt({ clientX, clientY }) {
  return document.elementFromPoint(clientX, clientY)?.closest("td[data-day]") || null;
}

function over(cell) {
  if (drag.over === cell) return;
  drag.over?.classList.remove("is-over");
  cell?.classList.add("is-over");
  drag.over = cell;
}

function begin(event) {
  drag.begun = true;
  drag.chip.classList.add("dragging");
  drag.chip.setPointerCapture(event.pointerId);
}

function end() {
  over(null);
  drag.chip.classList.remove("dragging");
  drag.chip.style.transform = "";
  drag = null;
}

/** `drop(chip, cell)` is called with the cell on which a shift was let go, if it is another one. */
export function startDrag(host, drop) {
  host.addEventListener("pointerdown", (event) => {
    const chip = event.target.closest("a.shift");
    // A finger scrolls; whoever has none but that opens the shift and chooses there.
    if (!chip || event.button !== 0 || event.pointerType === "touch") return;
    drag = { chip, x: event.clientX, y: event.clientY, begun: false, over: null };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.begun && Math.hypot(x, y) < STARTS_AFTER_PX) return;
    if (!drag.begun) begin(event);
    drag.chip.style.transform = `translate(${x}px, ${y}px)`;
    over(cellAt(event));
  });
  document.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { chip, begun } = drag;
    const cell = begun ? cellAt(event) : null;
    end();
    swallowClick = begun;
    setTimeout(() => (swallowClick = false));
    if (cell && cell !== chip.closest("td")) drop(chip, cell);
  });
  document.addEventListener("pointercancel", () => drag && end());
  document.addEventListener("keydown", (event) => event.key === "Escape" && drag && end());
  host.addEventListener("dragstart", (event) => event.target.closest("a.shift") && event.preventDefault());
  host.addEventListener(
    "click",
    (event) => {
      if (!swallowClick) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
}
