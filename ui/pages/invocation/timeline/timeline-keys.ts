/** The keyboard of a timeline: arrows within it, as in every tree; single letters anywhere on the page. */
import { useEffect, useRef } from "preact/hooks";
import { useKeys } from "../../../parts/keyboard.ts";
import type { Row } from "./row.ts";

/** So much of what is seen moves out of it. */
const PART = 0.25;

interface KeysInput {
  readonly rows: readonly Row[];
  readonly current: string;
  readonly setCurrent: (key: string) => void;
  readonly select: (row: Row) => void;
  readonly fold: (row: Row, open: boolean) => void;
  readonly change: (by: number) => void;
  readonly move: (by: number) => void;
  readonly fit: () => void;
  readonly scaleAll: () => void;
  readonly grid: { readonly current: HTMLElement | null };
}

/** Answers what the tree does with a key. */
export function useTimelineKeys(input: KeysInput): (event: KeyboardEvent) => void {
  const { rows, current, setCurrent, select, fold, change, move, fit, scaleAll, grid } = input;
  // Keys come faster than rows are drawn: the next one goes on from where the last one went.
  const at = useRef(current);
  at.current = current;
  const wanted = useRef<string | undefined>(undefined);
  const index = (): number =>
    Math.max(
      0,
      rows.findIndex(({ key }) => key === at.current),
    );
  const go = (to: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (next === undefined) return;
    at.current = next.key;
    setCurrent(next.key);
    wanted.current = focusRow(grid.current, next.key) ? undefined : next.key;
  };
  useKeptFocus(grid, rows, current, go);
  // One that was not drawn is focused when it is.
  useEffect(() => {
    if (wanted.current !== undefined && focusRow(grid.current, wanted.current)) wanted.current = undefined;
  });
  const right = (): void => {
    const row = rows[index()];
    if (row === undefined) return;
    if (row.isExpandable && !row.isExpanded) fold(row, true);
    else if (row.isExpanded) go(index() + 1);
  };
  const left = (): void => {
    const here = index();
    const row = rows[here];
    if (row === undefined) return;
    if (row.isExpanded) return fold(row, false);
    const parent = rows.slice(0, here).findLastIndex(({ level }) => level < row.level);
    if (parent !== -1) go(parent);
  };
  const toggle = (): void => {
    const row = rows[index()];
    if (row) select(row);
  };
  useKeys("Timeline", [
    { keys: "j", help: "Next row", run: () => go(at.current === "" ? 0 : index() + 1) },
    { keys: "k", help: "Previous row", run: () => go(index() - 1) },
    { keys: "ArrowRight", help: "Expand", run: right },
    { keys: "ArrowLeft", help: "Collapse", run: left },
    { keys: "+", help: "Zoom in", run: () => change(1) },
    { keys: "-", help: "Zoom out", run: () => change(-1) },
    { keys: "[", help: "Earlier, when zoomed", run: () => move(-PART) },
    { keys: "]", help: "Later, when zoomed", run: () => move(PART) },
    { keys: "0", help: "Fit", run: fit },
    { keys: "s", help: "What is idle to scale, or not", run: scaleAll },
  ]);
  const within: Readonly<Record<string, () => void>> = {
    ArrowDown: () => go(index() + 1),
    ArrowUp: () => go(index() - 1),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    ArrowRight: right,
    ArrowLeft: left,
    Enter: toggle,
    " ": toggle,
  };
  return (event) => {
    const isRow = event.target instanceof Element && event.target.matches("[role=row]");
    const run = isRow && !event.ctrlKey && !event.metaKey && !event.altKey ? within[event.key] : undefined;
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
}

/** A row that is gone, because what it stood for has been loaded, leaves the focus to the one in its place. */
function useKeptFocus(
  grid: KeysInput["grid"],
  rows: readonly Row[],
  current: string,
  go: (to: number) => void,
): void {
  const before = useRef({ index: 0, isIn: false });
  useEffect(() => {
    const index = rows.findIndex(({ key }) => key === current);
    const { activeElement } = document;
    if (index === -1 && before.current.isIn && activeElement === document.body)
      return go(before.current.index);
    before.current = { index: Math.max(0, index), isIn: grid.current?.contains(activeElement) === true };
  });
}

/** `false`: it is not drawn. */
function focusRow(grid: HTMLElement | null, key: string): boolean {
  const element = grid?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined;
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest" });
  return element !== undefined;
}
