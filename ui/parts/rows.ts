/** `j` and `k` go from row to row of a list: the focus moves from one row's link to the next one's. */
import type { RefObject } from "preact";
import { useKeys } from "./keyboard.ts";

/** Rows are what `[data-row]` marks; the first link in each takes the focus. */
export function useRowKeys(group: string, list: RefObject<HTMLElement | null>): void {
  const move = (step: number): void => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[at === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
    next?.querySelector<HTMLElement>("a, button")?.focus();
  };
  useKeys(group, [
    { keys: "j", help: "Down", run: () => move(1) },
    { keys: "k", help: "Up", run: () => move(-1) },
  ]);
}
