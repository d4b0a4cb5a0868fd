// Say something to screen readers, politely, in one live region for the whole page.

const region = document.getElementById("announcer");

export function announce(text) {
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
