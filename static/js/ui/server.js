// Commands to the server: a form POST, answered in JSON. See docs/architecture.md for the contract.

const OFFLINE = "No connection to the server, so nothing was changed. Check the network and try again.";
const SIGNED_OUT = "You have been signed out. Sign in again; nothing was changed.";
const TOO_OLD = "This page is too old for that, so nothing was changed. Reload it and try again.";
const BROKEN = "The server could not do this and nothing was changed. Try again; if it happens twice, tell support.";

const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** POST `fields`; the answer always has `ok`, `status` and `message`, whatever went wrong. */
export async function post(url, fields) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
      body: new URLSearchParams(fields),
    });
  } catch {
    return { ok: false, status: 0, kind: "offline", message: OFFLINE };
  }
  if (!(response.headers.get("Content-Type") || "").startsWith("application/json")) {
    return { ok: false, status: response.status, kind: "broken", message: whyNoJson(response) };
  }
  return { ...(await response.json()), status: response.status };
}

function whyNoJson({ redirected, status }) {
  if (redirected) return SIGNED_OUT;
  return status === 403 ? TOO_OLD : BROKEN;
}

/** GET a fragment of a page as text, or null when it can't be had now. */
export async function fragment(url) {
  try {
    const response = await fetch(url, { headers: { "X-Fragment": "1" } });
    return response.ok && !response.redirected ? await response.text() : null;
  } catch {
    return null;
  }
}
