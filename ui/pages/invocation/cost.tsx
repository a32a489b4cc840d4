/** What the invocation would cost in AWS: an estimate from its journal, as `perdure costs` makes it. */
import { costOf, type Journaled, sumOf } from "../../../lib/cost-estimate.ts";
import { Card, Facts } from "../../parts/card.tsx";
import type { JournalEntry, Shown } from "./model/journal.ts";
import type { Story } from "./model/story.ts";

const MILLION = 1_000_000;
const DIGITS = 7;
/** Per million: less is nothing but zeros. */
const SHOWN_MIN = 0.05;
const dollars = (each: number): string => `$${each.toFixed(DIGITS)}`;

export function CostCard({ story }: { readonly story: Story }) {
  const { invocation, entriesLeft } = story;
  const parts = costOf(journaledOf(story));
  const perMillion = sumOf(parts);
  const facts = parts
    .filter((part) => part.dollars >= SHOWN_MIN)
    .map((part): readonly [string, string] => [part.what, dollars(part.dollars / MILLION)]);
  return (
    <Card title="Cost" aside={<b class="num">{dollars(perMillion / MILLION)}</b>}>
      <Facts of={facts} />
      <p class="pad sub cost-note">
        Estimated from the journal: what it would cost in AWS, by list prices. ${perMillion.toFixed(2)} per
        million like it. Retries, logs and storage are not in it
        {entriesLeft > 0 ? "; nor are entries that are not loaded" : ""}.
        {invocation.status === "completed" ? "" : " Waiting costs nothing."}
      </p>
    </Card>
  );
}

function journaledOf({ invocation, operations }: Story): Journaled {
  const { target, fields, createdMs, scheduledMs } = invocation;
  const isDelayed = scheduledMs !== undefined;
  return {
    isHttpCall: fields.optionalText("invoked_by") === "ingress",
    isDelayed,
    isByMessage: isDelayed || target.key !== undefined,
    entries: operations.flatMap(({ entries }) =>
      entries.map((entry) => ({ type: entry.type, bytes: bytesOf(entry), ...sleepOf(entry, createdMs) })),
    ),
  };
}

/** Beside its value an entry has a name, a number and what frames them. */
const FRAME_BYTES = 60;
const bytesOf = ({ name = "", value, input }: JournalEntry): number =>
  FRAME_BYTES + name.length + lengthOf(value) + lengthOf(input);
const lengthOf = (shown: Shown | undefined): number => shown?.cutOfBytes ?? shown?.text?.length ?? 0;

const sleepOf = ({ dueMs, atMs }: JournalEntry, createdMs: number) =>
  dueMs === undefined ? {} : { sleepMs: Math.max(0, dueMs - (atMs ?? createdMs)) };
