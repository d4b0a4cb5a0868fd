// Single-key shortcuts, listed under "?". They can be switched off (WCAG 2.1.4).

const KEY = "shortcuts-off";
const dialog = document.getElementById("shortcuts");
const toggle = document.getElementById("shortcuts-toggle");

const isOff = () => localStorage.getItem(KEY) === "1";
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable], .ts-wrapper");

/** Run the element marked `data-key="…"`: a field takes the focus, anything else is clicked. */
function press(key) {
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target || target.disabled) return false;
  if (target.matches("input")) target.focus();
  else target.click();
  return true;
}

export function startShortcuts() {
  toggle.checked = !isOff();
  toggle.addEventListener("change", () => localStorage.setItem(KEY, toggle.checked ? "0" : "1"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isOff() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });
  for (const opener of document.querySelectorAll("[data-open-shortcuts]")) {
    opener.addEventListener("click", () => dialog.showModal());
  }
}
