// Why a command was refused, and what can be done instead: the dialog behind a 409 answer.

const dialog = () => document.getElementById("refusal");
const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Show the refusal; `retry` is called with the changed fields when another way is chosen. */
export function explain(order, answer, retry) {
  const box = dialog();
  box.querySelector("[data-title]").textContent = `${order.title} can’t go to ${order.where}`;
  box.querySelector("[data-who]").textContent = order.who;
  box.querySelector("[data-reasons]").replaceChildren(...answer.conflicts.map(reason));
  offerSlots(box, answer.slots || [], retry);
  offerOverride(box, answer.overridable, retry);
  box.showModal();
}

function reason({ severity, message, hint }) {
  const item = copy(severity === "hard" ? "reason-hard" : "reason-soft");
  item.querySelector("[data-message]").textContent = message;
  item.querySelector("[data-hint]").textContent = hint || "";
  return item;
}

function offerSlots(box, slots, retry) {
  const buttons = slots.map((slot) => {
    const item = copy("slot-offer");
    const button = item.querySelector("button");
    button.querySelector("[data-label]").textContent = slot.label;
    button.addEventListener("click", () => {
      box.close();
      retry({ theatre: slot.theatre, start: slot.start, where: slot.label, override_reason: "" });
    });
    return item;
  });
  box.querySelector("[data-slots]").replaceChildren(...buttons);
  box.querySelector("[data-some-slots]").hidden = slots.length === 0;
  box.querySelector("[data-no-slots]").hidden = slots.length > 0;
}

function offerOverride(box, possible, retry) {
  const form = box.querySelector("[data-override]");
  form.hidden = !possible;
  form.reset();
  form.onsubmit = (event) => {
    event.preventDefault();
    box.close();
    retry({ override_reason: form.elements.override_reason.value });
  };
}
