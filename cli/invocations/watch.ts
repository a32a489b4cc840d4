/** `perdure watch`: what an invocation does, line by line, until it has completed. Its result is the command's. */
import { FOLLOW_UNSEEN_MS, VALUE_SHOWN_CHARS } from "../../lib/limits/cli-invocations.ts";
import { escaped } from "../../lib/log/line.ts";
import type { AdminClient } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { CommandError, EXIT } from "../exit.ts";
import { durationIn, shortDuration, timeOf } from "../time.ts";
import { describedBy, describedJson, readInvocation } from "./described.ts";
import {
  errorOf,
  failedAttempts,
  firstLine,
  type InvocationRow,
  shownStatus,
  waitingFor,
} from "./invocation.ts";
import { effortOf, journalBy, type JournalStep, stepsOf } from "./journal.ts";
import { type Look, looks } from "./looks.ts";

export interface WatchOptions {
  readonly timeout?: string;
}

/** Throws {@link CommandError} if it has failed, or is not found. */
export async function watch(cli: Cli, id: string, { timeout }: WatchOptions): Promise<void> {
  const timeoutMs = timeout === undefined ? undefined : durationIn("--timeout", timeout);
  const admin = await cli.admin();
  const watched = new Watched(cli, admin, id);
  const hasEnded = await looks(cli, timeoutMs, () => watched.look());
  const row = watched.row;
  if (!hasEnded || !row)
    throw new CommandError(`${id} is still ${row?.status ?? "not to be seen"} after ${timeout ?? "that"}`);
  if (cli.out.format === "json") await cli.out.show(describedJson(await describedBy(admin, id)), () => []);
  if (shownStatus(row) === "failed")
    throw new CommandError(`${row.target} has failed: ${errorOf(row) ?? ""}`);
}

class Watched {
  readonly #cli: Cli;
  readonly #admin: AdminClient;
  readonly #id: string;
  readonly #startMs = performance.now();
  /** As it was last seen. */
  row: InvocationRow | undefined;
  /** Steps that were told, by their number: what of them. */
  readonly #told = new Map<number, string>();

  constructor(cli: Cli, admin: AdminClient, id: string) {
    this.#cli = cli;
    this.#admin = admin;
    this.#id = id;
  }

  async look(): Promise<Look> {
    const before = this.row;
    const row = await this.#read();
    if (!row || (before && sameAs(before, row))) return "same";
    this.row = row;
    if (!before)
      await this.#say(
        "accepted",
        `accepted ${row.target}`,
        { target: row.target },
        row.fields.optionalText("created_at"),
      );
    if (row.fields.optionalNumber("journal_size") !== before?.fields.optionalNumber("journal_size"))
      for (const step of stepsOf(await journalBy(this.#admin, this.#id))) await this.#tellStep(step);
    await this.#tellStatus(row, before);
    return row.status === "completed" ? "ended" : "changed";
  }

  /** `undefined`: it may still come. */
  async #read(): Promise<InvocationRow | undefined> {
    try {
      return await readInvocation(this.#admin, this.#id);
    } catch (error) {
      const mayCome = !this.row && performance.now() - this.#startMs < FOLLOW_UNSEEN_MS;
      if (mayCome && error instanceof CommandError && error.exitCode === EXIT.nothing) return undefined;
      throw error;
    }
  }

  async #tellStep(step: JournalStep): Promise<void> {
    const now = step.isOpen ? "open" : "done";
    if (this.#told.get(step.index) === now) return;
    this.#told.set(step.index, now);
    const { index, type, name, callee, dueAt, value } = step;
    const until = dueAt === undefined || !step.isOpen ? "" : ` until ${this.#cli.out.time(dueAt)}`;
    const calls = callee === undefined ? "" : ` -> ${callee}`;
    const result = value === undefined ? "" : ` ${value.isFailure ? "failed:" : "="} ${cut(value.text)}`;
    const effort = effortOf(step);
    const took = effort === "" ? "" : ` (${effort})`;
    await this.#say("step", `#${index} ${type} ${name}${until}${calls}${took}${result}`, {
      ...{ index, type, name, invoked_id: callee, due_at: dueAt, open: step.isOpen },
      ...{ duration_ms: step.tookMs, attempts: step.tries },
      ...(value === undefined ? {} : { [value.isFailure ? "failure" : "value"]: value.text }),
    });
  }

  async #tellStatus(row: InvocationRow, before: InvocationRow | undefined): Promise<void> {
    const failed = failedAttempts(row);
    if (failed !== undefined && failed !== (before && failedAttempts(before))) {
      const error = firstLine(row.fields.optionalText("last_failure")) ?? "";
      await this.#say("attempt-failed", `attempt ${failed} failed: ${error}`, { attempt: failed, error });
    }
    const status = shownStatus(row);
    const waiting = waitingFor(row);
    if (before?.status === row.status && (before && waitingFor(before)) === waiting) return;
    const tookMs = Math.max(
      0,
      (timeOf(row.fields.optionalText("completed_at")) ?? 0) -
        (timeOf(row.fields.optionalText("created_at")) ?? 0),
    );
    const how =
      row.status === "completed"
        ? ` after ${shortDuration(tookMs)}`
        : waiting === undefined
          ? ""
          : `, waits for ${waiting}`;
    await this.#say(
      status,
      `${status}${how}`,
      row.status === "completed" ? { duration_ms: tookMs, error: errorOf(row) } : { waiting_on: waiting },
    );
  }

  /** A line for people, or one of JSON. With `--json` the last look tells all. */
  async #say(event: string, text: string, more: object, at = new Date().toISOString()): Promise<void> {
    const { out } = this.#cli;
    if (out.format === "json") return;
    const line =
      out.format === "jsonl"
        ? JSON.stringify({ time: at, id: this.#id, event, ...more })
        : `${out.time(at)}  ${escaped(text)}`;
    await out.lines([line]);
  }
}

const cut = (text: string): string =>
  text.length <= VALUE_SHOWN_CHARS ? text : `${text.slice(0, VALUE_SHOWN_CHARS)}…`;

const sameAs = (a: InvocationRow, b: InvocationRow): boolean =>
  JSON.stringify(a.fields.raw) === JSON.stringify(b.fields.raw);
