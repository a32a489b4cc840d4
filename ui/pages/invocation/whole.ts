/** Values are loaded by their beginnings. The whole of one is asked for when somebody looks at it. */
import { useEffect, useState } from "preact/hooks";
import { askFields, path } from "../../admin/client.ts";
import { type Journal, type JournalEntry, journalOf, type Shown } from "./model/journal.ts";
import type { Operation } from "./model/operations.ts";

const isPart = (shown: Shown | undefined): boolean =>
  shown?.isLeftOut === true || shown?.cutOfBytes !== undefined;

async function journalFrom(id: string, from: number, signal: AbortSignal): Promise<Journal> {
  return journalOf(await askFields(`${path`/invocations/${id}/journal`}?from=${from}&limit=1`, { signal }));
}

/** What `load` answers, once. `undefined`: not there yet, or not needed. */
function useOnce<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): T | undefined {
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly value: T }>();
  useEffect(() => {
    if (key === undefined) return;
    const gone = new AbortController();
    const run = async (): Promise<void> => {
      try {
        const value = await load(gone.signal);
        if (!gone.signal.aborted) setLoaded({ key, value });
      } catch {
        // The beginning stays.
      }
    };
    void run();
    return () => gone.abort();
    // `key` says all that `load` depends on.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  return loaded?.key === key ? loaded?.value : undefined;
}

/** Of an operation that somebody has opened. */
export function useWholeOperation(id: string, operation: Operation): Pick<Operation, "input" | "value"> {
  const parts = operation.entries.filter(({ value, input }) => isPart(value) || isPart(input));
  const key = parts.length === 0 ? undefined : `${id} ${parts.map(({ index }) => index).join(" ")}`;
  const whole = useOnce(key, async (signal) => {
    const journals = await Promise.all(parts.map(async ({ index }) => await journalFrom(id, index, signal)));
    return journals.flatMap(({ entries }) => entries);
  });
  if (whole === undefined) return operation;
  const found = (entry: JournalEntry | undefined): JournalEntry | undefined =>
    whole.find(({ index }) => index === entry?.index);
  // What completes it comes last, and has its value.
  const value = found(operation.entries.at(-1))?.value ?? operation.value;
  const input = found(operation.entries[0])?.input ?? operation.input;
  return { ...(value && { value }), ...(input && { input }) };
}

type Ends = Pick<Journal, "input" | "output">;

/** What went in and what came out. */
export function useWholeEnds(id: string, ends: Ends): Ends {
  const key = isPart(ends.input) || isPart(ends.output) ? id : undefined;
  return useOnce(key, (signal) => journalFrom(id, 0, signal)) ?? ends;
}
