// Passkeys and security keys: ask the browser for one, and send what it says with the form.
// A form with data-passkey="create" or "get" finds the server's options in #passkey-options, or fetches them from
// data-options; what the key answers goes into its field "credential".

const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const withIds = (list = []) => list.map((entry) => ({ ...entry, id: fromText(entry.id) }));

function forCreating(options) {
  const user = { ...options.user, id: fromText(options.user.id) };
  return { ...options, challenge: fromText(options.challenge), user, excludeCredentials: withIds(options.excludeCredentials) };
}

const forGetting = (options) => ({
  ...options,
  challenge: fromText(options.challenge),
  allowCredentials: withIds(options.allowCredentials),
});

/** The form in which the server reads a credential: bytes as base64url text. */
function toJson({ id, rawId, type, response, authenticatorAttachment, ...credential }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const written = Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, toText(response[part])]));
  if (response.getTransports) written.transports = response.getTransports();
  return { id, rawId: toText(rawId), type, response: written, authenticatorAttachment };
}

async function optionsOf(form) {
  if (!form.dataset.options) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(form.dataset.options, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  return answer.json();
}

async function askForKey(form) {
  const { creation_options: creation, request_options: request } = await optionsOf(form);
  if (form.dataset.passkey === "get") return navigator.credentials.get({ publicKey: forGetting(request.publicKey) });
  const publicKey = forCreating(creation.publicKey);
  if (form.elements.passwordless?.checked) {
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection,
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    };
  }
  return navigator.credentials.create({ publicKey });
}

const WORDS = {
  NotAllowedError: "No passkey was given. Try again, or use another way.",
  InvalidStateError: "This passkey is in your list already.",
  SecurityError: "Passkeys work only at the site's own name, over https.",
};

async function send(event) {
  const form = event.currentTarget;
  event.preventDefault();
  const said = form.querySelector("[data-said]");
  said.textContent = "";
  try {
    form.elements.credential.value = JSON.stringify(toJson(await askForKey(form)));
    form.submit();
  } catch (error) {
    said.textContent = WORDS[error.name] || "The browser could not use a passkey here. Use another way.";
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", send);
}
