// The day board: the server's markup works without this; here it learns to move.

import { timeline } from "./board.js";
import { startDrag } from "./drag.js";
import { startKeyboard } from "./keyboard.js";
import { startLive } from "./live.js";
import { startRoving } from "./roving.js";
import { startCardTips } from "./tip.js";
import { startUndo } from "./undo.js";
import { startView } from "./view.js";

if (timeline()) {
  startRoving();
  startView();
  startDrag();
  startKeyboard();
  startUndo();
  startCardTips();
  startLive();
  performance.mark("timeline-ready");
}
