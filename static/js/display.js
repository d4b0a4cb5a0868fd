// A display's link: its secret stands behind "#", which no browser sends in an address. It is posted once.
// A screen without a board looks again by itself: what keeps it dark may pass, and nobody stands at it.

const LOOK_AGAIN_MS = 60_000;
const form = document.querySelector("form[data-opens]");
const secret = location.hash.slice(1);

if (!form) setTimeout(() => location.reload(), LOOK_AGAIN_MS);
else if (secret) {
  history.replaceState(null, "", location.pathname); // not in the history, nor on a photograph of the screen
  form.elements.secret.value = secret;
  form.submit();
}
addEventListener("hashchange", () => location.reload()); // the link pasted into a page that is open
