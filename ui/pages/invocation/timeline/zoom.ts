/** Zooming and moving a view of the axis. */
import { WHOLE, type Zoom } from "./layout.ts";

const FACTOR = 1.6;
/** The smallest part of the axis that fills the track, in percent. */
const WIDTH_MIN = 0.2;

/** `by`: 1 in, -1 out. `focus`: percent of the track that stays where it is. */
export function zoomed({ from, to }: Zoom, by: number, focus: number): Zoom {
  const width = Math.min(100, Math.max(WIDTH_MIN, (to - from) / FACTOR ** by));
  const at = from + ((to - from) * focus) / 100;
  return within(at - (width * focus) / 100, width);
}

/** `by`: parts of what is seen; negative to the left. */
export const moved = ({ from, to }: Zoom, by: number): Zoom => within(from + (to - from) * by, to - from);

function within(from: number, width: number): Zoom {
  if (width >= WHOLE.to) return WHOLE;
  const start = Math.min(Math.max(0, from), 100 - width);
  return { from: start, to: start + width };
}
