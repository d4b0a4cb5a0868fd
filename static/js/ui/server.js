// Commands to the server: a form POST, answered in JSON. The contract is in scheduling/views/answers.py.

// The answer may have been lost after the change was made, so neither of these can say that nothing was.
const OFFLINE = "No answer from the server, so it is not known whether this was saved. Look at the schedule, then try again.";
const BROKEN = "The server could not answer, so it is not known whether this was saved. Look at the schedule, then try again; if it happens twice, tell support.";
const SIGNED_OUT = "You have been signed out. Sign in again; nothing was changed.";
const TOO_OLD = "This page is too old for that, so nothing was changed. Reload it and try again.";

const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** Whether the change may have been made all the same, or by somebody else: what is shown may be out of date. */
export const inDoubt = ({ kind }) => ["offline", "broken", "stale"].includes(kind);

/** POST `fields`; the answer always has `ok`, `status`, `kind` if not ok, and `message`, whatever went wrong. */
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
    const kind = response.status >= 500 ? "broken" : "refused";
    return { ok: false, status: response.status, kind, message: whyNoJson(response) };
  }
  return { ...(await response.json()), status: response.status };
}

function whyNoJson({ redirected, status }) {
  if (redirected) return SIGNED_OUT;
  return status === 403 ? TOO_OLD : BROKEN;
}

/** Go to the page that answers a POST of nothing but the token, as a form without script would. */
export function openByPost(url) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: url, hidden: true });
  form.append(Object.assign(document.createElement("input"), { name: "csrfmiddlewaretoken", value: token() }));
  document.body.append(form);
  form.submit();
}

/** GET a fragment of a page as text, or null when it can't be had now. */
export async function fragment(url) {
  try {
    const response = await fetch(url, { headers: { "X-Background": "1" } });
    return response.ok && !response.redirected ? await response.text() : null;
  } catch {
    return null;
  }
}
