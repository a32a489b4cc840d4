/** The list's keys. The row with the focus is the one they are for. */
import type { RefObject } from "preact";
import { useKeys } from "../../parts/keyboard.ts";

interface RowKeys {
  readonly table: RefObject<HTMLTableElement | null>;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly onPick: (id: string) => void;
  readonly onTakeAll: () => void;
  readonly onFollow: () => void;
  readonly onClear: () => void;
}

export function useRowKeys({ table, field, onPick, onTakeAll, onFollow, onClear }: RowKeys): void {
  const rows = (): readonly HTMLElement[] => [
    ...(table.current?.querySelectorAll<HTMLElement>("tr[data-id]") ?? []),
  ];
  const current = (): HTMLElement | null =>
    document.activeElement?.closest<HTMLElement>("tr[data-id]") ?? null;
  const move = (step: number): void => {
    const all = rows();
    const now = current();
    const at = now === null ? (step > 0 ? -1 : all.length) : all.indexOf(now);
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    next?.querySelector<HTMLElement>("a.tgt")?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  };
  useKeys("List", [
    { keys: "j", help: "Next row", run: () => move(1) },
    { keys: "k", help: "Row before", run: () => move(-1) },
    {
      keys: "x",
      help: "Select the row",
      run: () => {
        const id = current()?.dataset["id"];
        if (id !== undefined) onPick(id);
      },
    },
    { keys: "X", help: "Select all that match", run: onTakeAll },
    { keys: "f", help: "Follow, or hold still", run: onFollow },
    { keys: "/", help: "Filter", run: () => field.current?.focus() },
    { keys: "Escape", help: "Clear the selection", run: onClear },
  ]);
}
