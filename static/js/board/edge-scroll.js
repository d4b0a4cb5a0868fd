// Scroll the timeline while something is held near one of its edges.

const EDGE = 36;
const STEP = 10;
const HEAD_HEIGHT = 30;
const NAMES_WIDTH = 128;

/** Scroll one step if `at` is near an edge; say whether anything moved. */
export function scrollAtEdge(box, at) {
  const { top, bottom, left, right } = box.getBoundingClientRect();
  const before = [box.scrollLeft, box.scrollTop];
  if (at.y > bottom - EDGE) box.scrollTop += STEP;
  else if (at.y > top && at.y < top + HEAD_HEIGHT + EDGE) box.scrollTop -= STEP;
  if (at.x > right - EDGE && at.x < right + 4) box.scrollLeft += STEP;
  else if (at.x > left + NAMES_WIDTH - 8 && at.x < left + NAMES_WIDTH + EDGE) box.scrollLeft -= STEP;
  return before[0] !== box.scrollLeft || before[1] !== box.scrollTop;
}
