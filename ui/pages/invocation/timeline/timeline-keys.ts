/** The keyboard of a timeline: arrows within it, as in every tree; single letters anywhere on the page. */
import { useEffect, useRef } from "preact/hooks";
import { useKeys } from "../../../parts/keyboard.ts";
import type { PlacedRow } from "./layout.ts";

interface KeysInput {
  readonly rows: readonly PlacedRow[];
  readonly current: string;
  readonly setCurrent: (key: string) => void;
  readonly select: (row: PlacedRow) => void;
  readonly fold: (row: PlacedRow, open: boolean) => void;
  readonly change: (by: number) => void;
  readonly fit: () => void;
  readonly grid: { readonly current: HTMLElement | null };
}

/** Answers what the tree does with a key. */
export function useTimelineKeys(input: KeysInput): (event: KeyboardEvent) => void {
  const { rows, current, setCurrent, select, fold, change, fit, grid } = input;
  const wants = useRef(false);
  const index = Math.max(
    0,
    rows.findIndex(({ key }) => key === current),
  );
  const row = rows[index];
  const go = (to: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (next === undefined) return;
    wants.current = true;
    setCurrent(next.key);
  };
  // After the row has been drawn as the current one.
  useEffect(() => {
    if (!wants.current) return;
    wants.current = false;
    const element = grid.current?.querySelector<HTMLElement>('[role=row][tabindex="0"]');
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  });
  const right = (): void => {
    if (row === undefined) return;
    if (row.isExpandable && !row.isExpanded) fold(row, true);
    else if (row.isExpanded) go(index + 1);
  };
  const left = (): void => {
    if (row === undefined) return;
    if (row.isExpanded) return fold(row, false);
    const parent = rows.slice(0, index).findLastIndex(({ level }) => level < row.level);
    if (parent !== -1) go(parent);
  };
  useKeys("Timeline", [
    { keys: "j", help: "Next row", run: () => go(current === "" ? 0 : index + 1) },
    { keys: "k", help: "Previous row", run: () => go(index - 1) },
    { keys: "ArrowRight", help: "Expand", run: right },
    { keys: "ArrowLeft", help: "Collapse", run: left },
    { keys: "+", help: "Zoom in", run: () => change(1) },
    { keys: "-", help: "Zoom out", run: () => change(-1) },
    { keys: "0", help: "Fit", run: fit },
  ]);
  const within: Readonly<Record<string, () => void>> = {
    ArrowDown: () => go(index + 1),
    ArrowUp: () => go(index - 1),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    ArrowRight: right,
    ArrowLeft: left,
    Enter: () => row && select(row),
    " ": () => row && select(row),
  };
  return (event) => {
    const isRow = event.target instanceof Element && event.target.matches("[role=row]");
    const run = isRow && !event.ctrlKey && !event.metaKey && !event.altKey ? within[event.key] : undefined;
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
}
