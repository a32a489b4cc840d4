/** The server's time, once a second: durations on the screen tick together. */
import { useEffect, useState } from "preact/hooks";
import { serverNow } from "../admin/client.ts";

const TICK_MS = 1000;
const ticks = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function follow(tick: () => void): () => void {
  ticks.add(tick);
  timer ??= setInterval(() => {
    if (!document.hidden) ticks.forEach((each) => each());
  }, TICK_MS);
  return () => {
    ticks.delete(tick);
    if (ticks.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => follow(() => setNow(serverNow())), []);
  return now;
}
