// Blocking and tiny: the page must not flash in the wrong theme before it is painted.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");
  const apply = () => {
    root.dataset.bsTheme = print.matches ? "light" : stored() || (dark.matches ? "dark" : "light");
  };
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  print.addEventListener("change", apply); // paper is white
})();
