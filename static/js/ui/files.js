// Fields for files: what is dropped beside one is chosen, and what is too large is said before it is sent.

import { announce } from "./announce.js";

function fieldsOf(place) {
  return [...place.querySelectorAll("input[type=file]")];
}

/** Of a chosen file and a photo only the last one counts. */
function choose(place, field) {
  for (const other of fieldsOf(place)) if (other !== field) other.value = "";
  const file = field.files[0];
  const largest = Number(field.dataset.largest);
  const large = file && file.size > largest;
  field.setCustomValidity(large ? `This file has ${Math.ceil(file.size / 2 ** 20)} MB; ${largest / 2 ** 20} MB is the most.` : "");
  if (large) field.reportValidity();
}

function startDrop(place) {
  const [field] = fieldsOf(place);
  place.querySelector("[data-drop-hint]").hidden = false;
  place.addEventListener("change", (event) => choose(place, event.target));
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      place.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    field.files = one.files;
    choose(place, field);
    announce(`${field.files[0].name} is chosen`);
  });
}

for (const place of document.querySelectorAll("[data-drop]")) startDrop(place);
// A file that is let go of beside the field must not take the browser away from the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
