/** Which rows are selected. They stay selected when they leave the list: what was chosen was meant. */
import { useRef, useState } from "preact/hooks";
import { serverNow } from "../../admin/client.ts";
import type { Invocation } from "../../admin/invocation.ts";
import { toast } from "../../parts/toast.tsx";
import { messageOf } from "../../words/text.ts";
import { type Gathered, gatherAll } from "./bulk.ts";
import type { Wanted } from "./load.ts";
import { rangeOf } from "./order.ts";

export interface Selection {
  readonly rows: readonly Invocation[];
  readonly ids: ReadonlySet<string>;
  readonly isCut: boolean;
  /** `toLast`: with all between it and the one before. */
  readonly pick: (row: Invocation, shown: readonly Invocation[], toLast: boolean) => void;
  readonly pickShown: (shown: readonly Invocation[]) => void;
  readonly takeAll: (wanted: Pick<Wanted, "filter" | "scan">) => Promise<void>;
  readonly clear: () => void;
}

const NONE: Gathered = { rows: [], isCut: false };

export function useSelection(): Selection {
  const [{ rows, isCut }, setSelected] = useState<Gathered>(NONE);
  const last = useRef<string | undefined>(undefined);
  const ids = new Set(rows.map(({ id }) => id));
  const add = (more: readonly Invocation[]): void =>
    setSelected({ rows: [...rows, ...more.filter(({ id }) => !ids.has(id))], isCut });
  return {
    ...{ rows, ids, isCut },
    pick: (row, shown, toLast) => {
      const between = toLast ? rangeOf(shown, last.current, row.id) : [];
      last.current = row.id;
      if (between.length > 0) add(between);
      else if (ids.has(row.id)) setSelected({ rows: rows.filter(({ id }) => id !== row.id), isCut });
      else add([row]);
    },
    pickShown: (shown) => {
      if (shown.every(({ id }) => ids.has(id))) setSelected(NONE);
      else add(shown);
    },
    takeAll: async (wanted) => {
      try {
        setSelected(await gatherAll(wanted, serverNow(), new AbortController().signal));
      } catch (error) {
        toast(`Not all could be looked up: ${messageOf(error)}`);
      }
    },
    clear: () => setSelected(NONE),
  };
}
