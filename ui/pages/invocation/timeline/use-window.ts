/** Which rows of a long timeline can be seen: only those are drawn. It scrolls in itself, so that what is below stays in reach. */
import { useEffect, useState } from "preact/hooks";

/** So many rows are drawn without a thought. */
const ALL_MAX = 200;
/** Rows that are drawn beyond the screen, at each end. */
const BEYOND = 40;
const ROW_PX = 28;

export interface Shown {
  readonly isLong: boolean;
  readonly from: number;
  readonly to: number;
  /** In px: the room of what is not drawn. */
  readonly before: number;
  readonly after: number;
}

export function useWindow(grid: { readonly current: HTMLElement | null }, count: number): Shown {
  const isLong = count > ALL_MAX;
  const [place, setPlace] = useState({ first: 0, rows: ALL_MAX, rowPx: ROW_PX });
  useEffect(() => {
    if (!isLong) return;
    const { current } = grid;
    if (current === null) return;
    const look = (): void => {
      const rowPx = current.querySelector<HTMLElement>(".tl-row:not(.lane)")?.offsetHeight ?? ROW_PX;
      const first = Math.floor(current.scrollTop / rowPx);
      // Steps of some rows: a scroll of a few pixels draws nothing anew.
      const stepped = Math.max(0, Math.floor(first / 10) * 10);
      const rows = Math.ceil(current.clientHeight / rowPx);
      setPlace((old) =>
        old.first === stepped && old.rows === rows && old.rowPx === rowPx
          ? old
          : { first: stepped, rows, rowPx },
      );
    };
    look();
    current.addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      current.removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [isLong, count, grid]);
  if (!isLong) return { isLong, from: 0, to: count, before: 0, after: 0 };
  const from = Math.max(0, Math.min(count, place.first - BEYOND));
  const to = Math.min(count, place.first + place.rows + BEYOND);
  return { isLong, from, to, before: from * place.rowPx, after: (count - to) * place.rowPx };
}
