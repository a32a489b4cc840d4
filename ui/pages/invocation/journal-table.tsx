/** The journal as it is recorded: an entry a row. */
import { useState } from "preact/hooks";
import { useNow } from "../../parts/now.ts";
import { to } from "../../routes.ts";
import { counted, visible } from "../../words/text.ts";
import { clockTime } from "../../words/time.ts";
import type { JournalEntry } from "./model/journal.ts";
import type { Story } from "./model/story.ts";

const SHOWN_AT_FIRST = 100;
const VALUE_CHARS = 300;

export function JournalTable({ story, onMore }: { readonly story: Story; readonly onMore: () => void }) {
  const now = useNow();
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const entries = story.operations
    .flatMap((operation) => operation.entries)
    .toSorted((a, b) => a.index - b.index);
  const { journalSize } = story.invocation;
  if (journalSize === 0) return <p class="pad muted">Nothing is recorded yet.</p>;
  const writes = new Set(entries.map(({ append }) => append).filter((append) => append !== undefined)).size;
  const rows = entries.slice(0, shown);
  const more = (): void => {
    setShown(shown * 5);
    if (story.entriesLeft > 0 && shown * 5 > entries.length) onMore();
  };
  return (
    <>
      <table class="cards tight journal">
        <thead>
          <tr>
            <th class="r">#</th>
            <th>Entry</th>
            <th>What</th>
            <th>Value</th>
            {writes > 0 && <th class="r">Write</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((entry) => (
            <tr key={entry.index}>
              <td class="r num muted">{entry.index}</td>
              <td class="mono nowrap">{entry.type}</td>
              <td class="break">
                <What entry={entry} />
              </td>
              <td class="mono full">
                <div class="clamp2">{valueOf(entry, now)}</div>
              </td>
              {writes > 0 && (
                <td class="r num muted nowrap gone">{entry.append === undefined ? "" : entry.append + 1}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < journalSize && (
        <p class="pad">
          <button type="button" class="b sm" onClick={more}>
            Show more: {counted(journalSize - rows.length, "entry").replace("entrys", "entries")} left
          </button>
        </p>
      )}
      <p class="pad sub journal-note">
        {journalSize === 1 ? "1 entry" : `${journalSize.toLocaleString("en-GB")} entries`}
        {writes > 0 ? ` in ${counted(writes, "conditional write")}` : ""}. The numbers are those of “Restart
        as new”.
      </p>
    </>
  );
}

function What({
  entry: { type, command, name, invokedTarget, invokedId, awakeableId, signal, names },
}: {
  readonly entry: JournalEntry;
}) {
  if (invokedId !== undefined)
    return (
      <a href={to.invocation(invokedId)}>
        <bdi>{visible(invokedTarget ?? invokedId)}</bdi>
      </a>
    );
  if (type === "completion") return <>of operation {command}</>;
  if (signal !== undefined) return <bdi>{visible(signal)}</bdi>;
  if (awakeableId !== undefined) return <span class="id cut">{awakeableId}</span>;
  if (names !== undefined) return <>{counted(names.length, "name")}</>;
  return <bdi>{visible(name ?? "")}</bdi>;
}

function valueOf({ value, input, dueMs, names }: JournalEntry, now: number): string {
  if (value?.failure) return `${value.failure.code} ${visible(value.failure.message)}`;
  if (dueMs !== undefined) return `until ${clockTime(dueMs, now)}`;
  const shown = value ?? input;
  if (shown?.isLeftOut === true) return "a large value: its row in the timeline has it";
  const text = shown?.text ?? shown?.base64 ?? names?.join(", ") ?? "";
  return visible(text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS)}…` : text);
}
