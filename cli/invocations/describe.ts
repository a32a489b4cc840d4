/** `perdure show`, `perdure invocations describe`: one invocation, with its values, steps, errors, calls and locks. */
import { STEPS_SHOWN_MAX, VALUE_SHOWN_CHARS } from "../../lib/limits/cli-invocations.ts";
import { escaped } from "../../lib/log/line.ts";
import type { Cli } from "../cli.ts";
import { UsageError } from "../exit.ts";
import { detailLines } from "../details.ts";
import { safe } from "../output.ts";
import { shortDuration, timeOf } from "../time.ts";
import { type Described, describedBy, describedJson, dollarsPerMillion, type LockView } from "./described.ts";
import { attemptLines, attemptsIn } from "./attempts.ts";
import { framesOf } from "./frames.ts";
import { type InvocationRow, shownStatus, waitingFor } from "./invocation.ts";
import { effortOf, journalBy, type JournalStep, type Shown, shownValue } from "./journal.ts";

export interface DescribeOptions {
  readonly full?: boolean;
  readonly journal?: string;
}

export async function describe(cli: Cli, id: string, options: DescribeOptions): Promise<void> {
  if (options.journal !== undefined && options.journal !== "json")
    throw new UsageError(`--journal takes json, not "${options.journal}"`);
  const admin = await cli.admin();
  if (options.journal === "json") {
    const journal = await journalBy(admin, id);
    return await cli.out.lines([JSON.stringify(journal.raw, undefined, cli.out.format === "jsonl" ? 0 : 2)]);
  }
  const described = await describedBy(admin, id);
  const isFull = options.full === true || cli.out.wide;
  await cli.out.show(describedJson(described), () => new Description(cli, described, isFull).lines());
}

class Description {
  readonly #cli: Cli;
  readonly #is: Described;
  readonly #full: boolean;
  readonly #nowMs = Date.now();

  constructor(cli: Cli, described: Described, full: boolean) {
    this.#cli = cli;
    this.#is = described;
    this.#full = full;
  }

  lines(): string[] {
    const { journal } = this.#is;
    return [
      this.#cli.out.styled("bold", safe(this.#is.row.id)),
      ...detailLines(this.#cli.out, this.#facts()).map((line) => `  ${line}`),
      ...this.#section("Input", this.#value(shownValue(journal.raw["input"]))),
      ...this.#section("Steps", this.#steps()),
      ...this.#section("Not yet taken", this.#notes()),
      ...this.#section("Output", this.#value(shownValue(journal.raw["output"]))),
      ...this.#section("Attempts", this.#attemptLines()),
      ...this.#section("Error of the last attempt", this.#error()),
    ];
  }

  #section(name: string, lines: readonly string[]): string[] {
    return lines.length === 0
      ? []
      : ["", this.#cli.out.styled("bold", name), ...lines.map((line) => `  ${line}`)];
  }

  #time(field: string): string | undefined {
    const text = this.#is.row.fields.optionalText(field);
    return text === undefined ? undefined : this.#cli.out.time(text);
  }

  #facts(): (readonly [name: string, text: string | undefined])[] {
    const { row, caller, lock } = this.#is;
    const { fields } = row;
    return [
      ["Target", row.target],
      ["Status", this.#status()],
      ["Waiting for", waitingFor(row, this.#nowMs)],
      ["Attempts", this.#attempts()],
      ["Accepted", this.#time("created_at")],
      ["Began to run", this.#queued()],
      ["Changed", this.#time("modified_at")],
      ["Completed", this.#time("completed_at")],
      ["Called by", callerText(fields, caller)],
      ["Idempotency key", fields.optionalText("idempotency_key")],
      ["Deployment", fields.optionalText("pinned_deployment_id")],
      ["Key", lock && lockText(lock, row, this.#cli)],
      ["Result kept until", this.#time("expires_at")],
      ["Journal kept until", this.#time("journal_expires_at")],
      ["Journal", entriesText(fields.optionalNumber("journal_size") ?? 0)],
      ["Cost in AWS", `about $${dollarsPerMillion(this.#is).toFixed(2)} per million of these so far`],
    ];
  }

  #status(): string {
    const { row } = this.#is;
    const [createdMs, modifiedMs, endMs] = ["created_at", "modified_at", "completed_at"].map((name) =>
      timeOf(row.fields.optionalText(name)),
    );
    if (endMs !== undefined && createdMs !== undefined)
      return `${shownStatus(row)} after ${shortDuration(endMs - createdMs)}`;
    return modifiedMs === undefined
      ? row.status
      : `${row.status} for ${shortDuration(this.#nowMs - modifiedMs)}`;
  }

  #queued(): string | undefined {
    const { fields } = this.#is.row;
    const [startedAt, createdMs] = [
      fields.optionalText("started_at"),
      timeOf(fields.optionalText("created_at")),
    ];
    const startedMs = timeOf(startedAt);
    if (startedAt === undefined || startedMs === undefined || createdMs === undefined) return undefined;
    return `${this.#cli.out.time(startedAt)}, after ${shortDuration(startedMs - createdMs)} in the queue`;
  }

  #attempts(): string | undefined {
    const { row } = this.#is;
    const count = row.fields.optionalNumber("retry_count") ?? 0;
    if (count === 0) return undefined;
    const name = row.fields.optionalText("last_failure_related_command_name");
    const type = row.fields.optionalText("last_failure_related_command_type");
    const where =
      type === undefined
        ? ""
        : `, the last one in ${type}${name === undefined || name === "" ? "" : ` "${name}"`}`;
    return `${count} failed in a row${where}`;
  }

  #value(value: Shown | undefined): string[] {
    if (value === undefined) return [];
    const text = this.#full ? safe(pretty(value.text)) : this.#cut(value.text);
    const lines = (text === "" ? "(empty)" : text).split("\n");
    return value.isFailure ? lines.map((line) => this.#cli.out.styled("red", line)) : lines;
  }

  #cut(text: string): string {
    const line = escaped(text);
    return line.length <= VALUE_SHOWN_CHARS
      ? line
      : `${line.slice(0, VALUE_SHOWN_CHARS)}… (${text.length} characters, --full)`;
  }

  #steps(): string[] {
    const { steps } = this.#is;
    const half = STEPS_SHOWN_MAX / 2;
    const isCut = !this.#full && steps.length > STEPS_SHOWN_MAX;
    const shown = isCut ? [...steps.slice(0, half), ...steps.slice(-half)] : steps;
    const widths = [shown.map(numberOf), shown.map(({ type }) => type)].map((texts) =>
      Math.max(0, ...texts.map((text) => text.length)),
    );
    const lines = shown.flatMap((step) => this.#step(step, widths));
    return isCut ? [...lines, `(the first and last ${half} of ${steps.length}: --full)`] : lines;
  }

  #step(step: JournalStep, [numberWidth = 0, typeWidth = 0]: readonly number[]): string[] {
    const { out } = this.#cli;
    const callee = step.callee === undefined ? undefined : this.#is.callees.get(step.callee);
    const calls =
      step.callee === undefined ? "" : ` -> ${step.callee}${callee ? ` (${shownStatus(callee)})` : ""}`;
    const due = step.dueAt === undefined ? "" : ` until ${out.time(step.dueAt)}`;
    const open = step.isOpen ? out.styled("yellow", " not yet") : "";
    const effort = effortOf(step);
    const took = effort === "" ? "" : out.styled("dim", `  ${effort}`);
    const start = `${numberOf(step).padStart(numberWidth)}  ${step.type.padEnd(typeWidth)}  ${safe(`${step.name}${due}${calls}`)}${open}${took}`;
    const [first, ...rest] = this.#value(step.value);
    if (first === undefined) return [start.trimEnd()];
    const indent = " ".repeat(numberWidth + typeWidth + 4);
    return [start, ...[first, ...rest].map((line) => `${indent}= ${line}`)];
  }

  /** What says no more than the facts do is left out. */
  #attemptLines(): string[] {
    const { fields } = this.#is.row;
    const attempts = attemptsIn(fields);
    return attempts.length > 1 || attempts.some(({ error }) => error !== undefined)
      ? attemptLines(attempts, fields.optionalNumber("attempts_left_out") ?? 0, this.#cli.out)
      : [];
  }

  #notes(): string[] {
    return this.#is.journal.objects("pending_notes").map((note) => {
      const value = shownValue(note.raw["result"]);
      return `${safe(note.text("type"))}${value === undefined ? "" : ` = ${this.#cut(value.text)}`}`;
    });
  }

  #error(): string[] {
    const { fields, status } = this.#is.row;
    const message = fields.optionalText("last_failure");
    if (message === undefined || status === "completed") return [];
    const stack = fields.optionalText("last_failure_stack") ?? "";
    const { out } = this.#cli;
    return [
      ...safe(message)
        .split("\n")
        .map((line) => out.styled("red", line)),
      ...framesOf(stack, this.#full).map((line) => out.styled("dim", safe(line))),
    ];
  }
}

const entriesText = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`);
const numberOf = ({ index }: JournalStep): string => `#${index}`;

function callerText(fields: InvocationRow["fields"], caller: InvocationRow | undefined): string | undefined {
  const from = fields.optionalText("restarted_from");
  if (from !== undefined) return `a restart of ${from}`;
  const id = fields.optionalText("invoked_by_id");
  if (id === undefined) return fields.optionalText("invoked_by");
  return caller === undefined ? id : `${id} (${caller.target}, ${shownStatus(caller)})`;
}

function lockText(
  { owner, ownerRow, waiting, waitingCount, fields }: LockView,
  { id }: InvocationRow,
  cli: Cli,
): string {
  const takenAt = fields.object("owner")?.optionalText("taken_at");
  const since = takenAt === undefined ? "" : ` since ${cli.out.time(takenAt)}`;
  const more = waitingCount > waiting.length ? ` and ${waitingCount - waiting.length} more` : "";
  const others = waiting.filter((each) => each !== id);
  const line = others.length === 0 ? "" : `; behind it: ${others.join(", ")}${more}`;
  if (owner === undefined) return "owned by nobody that rests";
  if (owner === id) return `owned${since}${waitingCount === 0 ? ", nobody waits behind it" : line}`;
  const place = waiting.indexOf(id);
  const where = place === -1 ? "" : `; place ${place + 1} of ${waitingCount} in the line`;
  return `owned by ${owner}${ownerRow ? ` (${ownerRow.target}, ${ownerRow.status})` : ""}${since}${where}`;
}

/** JSON over several lines; everything else as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text) as unknown, undefined, 2);
  } catch {
    return text;
  }
}
