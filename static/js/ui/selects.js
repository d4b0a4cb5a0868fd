// Long lists become searchable; without JavaScript they stay plain selects.

const LONG = 12;

export function startSelects(root = document) {
  for (const select of root.querySelectorAll("select[data-search]:not(.tomselected)")) {
    if (select.options.length < LONG) continue;
    const picker = new window.TomSelect(select, {
      maxOptions: 400,
      selectOnTab: true,
      hidePlaceholder: true,
      // The script's own messages are built from strings; keep them text.
      render: { no_results: () => Object.assign(document.createElement("div"), { className: "no-results", textContent: "Nothing found. Try fewer letters." }) },
    });
    select.setAttribute("aria-hidden", "true"); // the picker's own field stands for it
    // A screen reader has to hear the same help and errors on the field that it can reach.
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) picker.control_input.setAttribute(name, select.getAttribute(name));
    }
  }
}
