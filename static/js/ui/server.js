// Commands to the server: a form POST, answered in JSON. The contract is in scheduling/views/answers.py.

// The answer may have been lost after the change was made, so neither of these can say that nothing was.
const OFFLINE = "No answer from the server, so it is not known whether this was saved. Look at the schedule, then try again.";
const BROKEN = "The server could not answer, so it is not known whether this was saved. Look at the schedule, then try again; if it happens twice, tell support.";
const NOT_TAKEN = "The server did not take this, so nothing was changed. Reload the page and try again; if it happens twice, tell support.";
const SIGNED_OUT = "You have been signed out. Sign in again; nothing was changed.";
const TOO_OLD = "This page is too old for that, so nothing was changed. Reload it and try again.";

const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** Whether the change may have been made all the same, or by somebody else: what is shown may be out of date. */
export const inDoubt = ({ status, kind }) => status === 0 || status >= 500 || kind === "stale";

/** Whether the server looked at the command and decided; what it did not decide can be sent again. */
export const isDecided = ({ decided = true }) => decided;

/** POST `fields`; the answer always has `ok`, `status`, `kind` if not ok, and `message`, whatever went wrong. */
export async function post(url, fields) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
      body: new URLSearchParams(fields),
    });
    const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
    return isJson ? { ...(await response.json()), status: response.status } : withoutJson(response);
  } catch {
    return undecided(0, "offline", OFFLINE); // no answer, or one that broke off
  }
}

const undecided = (status, kind, message) => ({ ok: false, decided: false, status, kind, message });

/** What it means that a page came, and not the JSON that was asked for. */
function withoutJson({ redirected, status }) {
  if (redirected) return undecided(status, "refused", SIGNED_OUT);
  if (status >= 500) return undecided(status, "broken", BROKEN);
  return undecided(status, "refused", status === 403 ? TOO_OLD : NOT_TAKEN);
}

/** Go to the page that answers a POST of nothing but the token, as a form without script would. */
export function openByPost(url) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url, hidden: true });
  form.append(Object.assign(document.createElement("input"), { name: "csrfmiddlewaretoken", value: token() }));
  document.body.append(form);
  form.submit();
}

/** GET a fragment of a page as text, or null when it can't be had now; says on the document if the session is over,
 * or if whoever has this page may not see it any more. */
export async function fragment(url) {
  try {
    const response = await fetch(url, { headers: { "X-Background": "1" } });
    if (response.redirected) document.dispatchEvent(new CustomEvent("session:over"));
    if (response.status === 403) document.dispatchEvent(new CustomEvent("page:refused"));
    return response.ok && !response.redirected ? await response.text() : null;
  } catch {
    return null;
  }
}
