/** An invocation's journal from the admin API, and its steps: each command with what has completed it. */
import { JOURNAL_VIEW_ENTRIES_MAX } from "../../lib/limits/http.ts";
import { type AdminClient, path } from "../admin-client.ts";
import { AnswerFields } from "../fields.ts";
import { shortDuration, timeOf } from "../time.ts";

/** All pages of `GET /invocations/{id}/journal` as one answer. */
export async function journalBy(admin: AdminClient, id: string): Promise<AnswerFields> {
  const read = async (from: number): Promise<AnswerFields> =>
    await admin.fields("GET", path`/invocations/${id}/journal`, {
      query: { from, limit: JOURNAL_VIEW_ENTRIES_MAX },
    });
  const first = await read(0);
  const entries = [...first.list("entries")];
  while (entries.length < first.number("length")) {
    const more = (await read(entries.length)).list("entries");
    if (more.length === 0) break;
    entries.push(...more);
  }
  return new AnswerFields({ ...first.raw, entries }, "journal");
}

export interface JournalStep {
  /** Its place in the journal. */
  readonly index: number;
  /** `run`, `sleep`, `call`, …; `cancelled` of a cancellation. */
  readonly type: string;
  /** What people know it by: a step's name, a target, a state's name. */
  readonly name: string;
  readonly isOpen: boolean;
  /** Of a call or a send. */
  readonly callee: string | undefined;
  readonly dueAt: string | undefined;
  /** From its issue, or a step's first try, to its end. `undefined`: it is open, or handlers of an earlier version wrote it. */
  readonly tookMs: number | undefined;
  /** Of a step. */
  readonly tries: number | undefined;
  /** What it has led to. `undefined`: nothing yet, or nothing that has a value. */
  readonly value: Shown | undefined;
}

/** `value` or `value_base64`, `failure` or `value_ref`, as the admin API shows a value. */
export interface Shown {
  readonly text: string;
  readonly isFailure: boolean;
}

/** Commands that something from outside completes. */
const COMPLETED_LATER: ReadonlySet<string> = new Set(["call", "sleep", "promise.get", "attach", "signal"]);

/** In the order of the journal. */
export function stepsOf(journal: AnswerFields): JournalStep[] {
  const entries = journal.objects("entries");
  const [completions, signals] = [new Map<number, AnswerFields>(), new Map<string, AnswerFields[]>()];
  for (const entry of entries) {
    if (entry.text("type") === "completion") completions.set(entry.number("command"), entry);
    else if (entry.text("type") === "signalled") {
      const key = signalOf(entry);
      signals.set(key, [...(signals.get(key) ?? []), entry]);
    }
  }
  return entries.flatMap((entry) => {
    const type = entry.text("type");
    if (type === "completion" || type === "signalled") return [];
    const isLater = COMPLETED_LATER.has(type);
    const end =
      type === "signal"
        ? signals.get(signalOf(entry))?.shift()
        : completions.get(entry.optionalNumber("command") ?? -1);
    return [
      {
        ...{ index: entry.number("index"), type: shownType(entry), name: nameOf(entry) },
        isOpen: isLater && !end,
        callee: entry.optionalText("invoked_id"),
        dueAt: entry.optionalText("due_at"),
        tookMs: isLater
          ? end && between(entry, "at", end, "at")
          : between(entry, "started_at", entry, "ended_at"),
        tries: entry.optionalNumber("attempts"),
        value: type === "sleep" ? undefined : shownIn(isLater ? end : entry),
      },
    ];
  });
}

function between(first: AnswerFields, from: string, last: AnswerFields, to: string): number | undefined {
  const [fromMs, toMs] = [timeOf(first.optionalText(from)), timeOf(last.optionalText(to))];
  return fromMs === undefined || toMs === undefined ? undefined : Math.max(0, toMs - fromMs);
}

/** `120ms, 3 tries`; empty if nothing is known of it. */
export function effortOf({ tookMs, tries = 1 }: JournalStep): string {
  const took = tookMs === undefined ? [] : [shortDuration(tookMs)];
  return [...took, ...(tries > 1 ? [`${tries} tries`] : [])].join(", ");
}

/** An awakeable is a signal that has an id; a transaction is a step that says how many writes went with it. */
function shownType(entry: AnswerFields): string {
  const type = entry.text("type");
  if (type === "run" && entry.optionalNumber("writes") !== undefined) return "transact";
  return type === "signal" && entry.optionalText("awakeable_id") !== undefined ? "awakeable" : type;
}

const signalOf = (entry: AnswerFields): string =>
  entry.optionalText("signal") ?? entry.optionalText("awakeable_id") ?? "";

function nameOf(entry: AnswerFields): string {
  const names = entry.list("names").filter((name) => typeof name === "string");
  const target = entry.optionalText("invoked_target");
  const name = entry.optionalText("name");
  const own = [target, name, entry.optionalText("signal"), entry.optionalText("awakeable_id")].filter(
    (text) => text !== undefined,
  );
  return own.length > 0
    ? own.join(" ")
    : names.length > 0
      ? names.join(", ")
      : (entry.optionalText("invoked_id") ?? "");
}

/** The value of an entry: it stands in the entry, or in its `result`. */
function shownIn(entry: AnswerFields | undefined): Shown | undefined {
  if (entry === undefined) return undefined;
  const result = entry.raw["result"];
  return shownValue(typeof result === "object" && result !== null ? result : entry.raw);
}

/** As the admin API answers a value. */
export function shownValue(answered: unknown): Shown | undefined {
  if (typeof answered !== "object" || answered === null) return undefined;
  const value = new AnswerFields(answered, "value");
  const failure = value.object("failure");
  if (failure) {
    const code = failure.optionalNumber("code");
    return {
      text: `${code === undefined ? "" : `[${code}] `}${failure.optionalText("message") ?? ""}`,
      isFailure: true,
    };
  }
  const text = value.optionalText("value");
  if (text !== undefined) return { text, isFailure: false };
  const base64 = value.optionalText("value_base64");
  if (base64 !== undefined) return { text: `base64:${base64}`, isFailure: false };
  return value.optionalText("value_ref") === undefined
    ? undefined
    : { text: "(too long to be shown)", isFailure: false };
}
