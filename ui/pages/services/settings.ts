/** What can be set of a service: its name in the API, what it does, and how its value is checked. */
import { parseDuration } from "../../../lib/duration.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { duration } from "../../words/time.ts";

export interface Setting {
  readonly field: string;
  readonly name: string;
  /** What it does, in a sentence. */
  readonly meaning: string;
  /** What holds where nothing is set. */
  readonly unset: string;
}

const SETTINGS: readonly Setting[] = [
  {
    field: "idempotency_retention",
    name: "Idempotency retention",
    meaning:
      "So long a request with the same idempotency key gets the first one’s result, counted from its end.",
    unset: "1 day",
  },
  {
    field: "workflow_completion_retention",
    name: "Workflow retention",
    meaning:
      "So long a workflow’s result, state and promises are kept after its run. Until then its key cannot run again.",
    unset: "1 day",
  },
  {
    field: "journal_retention",
    name: "Journal retention",
    meaning: "So long the steps of what has ended can be looked at, and restarted from. 0 keeps none.",
    unset: "1 day",
  },
  {
    field: "inactivity_timeout",
    name: "Inactivity timeout",
    meaning: "Kept for Restate’s tools. It interrupts nothing: what can only wait suspends at once.",
    unset: "the runtime’s",
  },
  {
    field: "abort_timeout",
    name: "Abort timeout",
    meaning: "A turn that takes longer is ended, and tried again behind what it has recorded.",
    unset: "the runtime’s",
  },
];

export const settingsOf = ({ type }: Pick<ServiceInfo, "type">): readonly Setting[] =>
  SETTINGS.filter(({ field }) => field !== "workflow_completion_retention" || type === "Workflow");

/** What a text stands for; `fault`: it is no duration. */
export function checked(text: string): { readonly words: string } | { readonly fault: string } {
  const ms = parseDuration(text);
  if (ms === undefined) return { fault: "This is no duration. Write 90s, 5m, 1d 12h or PT10S." };
  return { words: ms === 0 ? "none: at once" : duration(ms) };
}

/** A duration as people write it; what is none, as it is. */
export function durationInWords(text: string): string {
  const found = checked(text);
  return "words" in found ? found.words : text;
}

/** The body of `PATCH /services/{name}`: what differs from what is set. */
export function changesIn(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const changed = Object.entries(after).filter(
    ([field, text]) => text.trim() !== "" && text.trim() !== (before[field] ?? ""),
  );
  return Object.fromEntries(changed.map(([field, text]) => [field, text.trim()]));
}
