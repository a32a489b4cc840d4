/**
 * Timers in SQLite. When one is due, one transaction makes its row a message. So it fires once, and never early (T1).
 *
 * A guard (R25, R26) waits for a turn that may be alive somewhere. Here a turn does not outlive its engine: its results go through the
 * engine, and its mark fences it. So what guarded the turns of an engine that has ended is due when the next one starts. *Crash:*
 * the guards are released in one transaction, before any message is handed out; a second time changes nothing.
 */
import { asError } from "../../lib/errors.ts";
import { decodeMessage, type Outgoing } from "../../lib/model/message.ts";
import { outgoing } from "../../lib/store/send.ts";
import { timerTime } from "../../lib/timer-time.ts";
import { type Clock, type Logger, silentLogger, type Timers } from "../../lib/ports.ts";
import { systemClock } from "../../lib/clock.ts";
import type { LocalDatabase } from "./database.ts";
import { checkMessage, type LocalMailbox } from "./mailbox.ts";
import {
  CLOCK_SET_BACK_MS,
  TIMEOUT_MS_MAX,
  TIMERS_FIRED_MAX,
  TIMERS_RETRY_MS,
} from "../../lib/limits/local.ts";

export class LocalTimers implements Timers {
  readonly #database: LocalDatabase;
  readonly #mailbox: LocalMailbox;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #statements: ReturnType<typeof prepareAll>;
  /** The alarm for the earliest timer. */
  #alarm: { readonly atMs: number; readonly ringsAtMs: number; readonly cancel: () => void } | undefined;
  #stopped = false;

  /** Begins at once: timers that are due already go to the mailbox. */
  constructor(
    database: LocalDatabase,
    mailbox: LocalMailbox,
    clock: Clock = systemClock,
    logger: Logger = silentLogger,
  ) {
    this.#database = database;
    this.#mailbox = mailbox;
    this.#clock = clock;
    this.#logger = logger;
    this.#statements = prepareAll(database);
    database.onClose(() => this.stop());
    this.#setForEarliest();
  }

  /** A timer replaces a pending one whose message has the same deduplication id. */
  async schedule(timer: { readonly atMs: number; readonly message: Outgoing }): Promise<void> {
    const atMs = timerTime(timer.atMs);
    const { group, dedup, body } = timer.message;
    checkMessage(timer.message);
    await this.#database.write(
      () => this.#statements.put.run(dedup, atMs, group, body),
      () => this.#setFor(atMs),
    );
  }

  async cancel({ message }: { readonly message: Outgoing }): Promise<void> {
    // If the file fails, it fires, which is harmless.
    await this.#database.write(() => this.#statements.remove.run(message.dedup)).catch(() => undefined);
  }

  /** When the earliest one is due. */
  earliest(): number | undefined {
    const atMs = this.#database.read(() => this.#statements.earliest.get()?.["at"]);
    return typeof atMs === "number" ? atMs : undefined;
  }

  /** How many become messages by then, if nothing happens before. */
  dueBy(atMs: number): number {
    return this.#database.read(() => Number(this.#statements.dueBy.get(atMs)?.["timers"] ?? 0));
  }

  /** Guards of turns of an earlier engine are due now. Call it before messages are handed out. */
  async releaseGuards(): Promise<void> {
    const atMs = this.#clock.now();
    await this.#database.write(
      () => {
        for (const { dedup, body } of this.#statements.guards.all().map(messageOf)) {
          const guard = dueGuardIn(body);
          if (guard === undefined) continue;
          this.#statements.remove.run(dedup);
          this.#statements.put.run(guard.dedup, atMs, guard.group, guard.body);
        }
      },
      () => this.#setFor(atMs),
    );
  }

  /** Fires no more timers. They stay in the database, for the next {@link LocalTimers} over it. */
  stop(): void {
    this.#stopped = true;
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  #setForEarliest(): void {
    const atMs = this.earliest();
    if (atMs !== undefined) this.#setFor(atMs);
  }

  #setFor(atMs: number): void {
    if (this.#stopped || (this.#alarm !== undefined && this.#alarm.atMs <= atMs)) return;
    this.#alarm?.cancel();
    const nowMs = this.#clock.now();
    const waitMs = Math.min(Math.max(atMs - nowMs, 0), TIMEOUT_MS_MAX);
    const cancel = this.#clock.after(waitMs, () => void this.#fire());
    this.#alarm = { atMs, ringsAtMs: nowMs + waitMs, cancel };
  }

  /** Fires what is due by now. That is nothing if a piece of a long wait is over, or if the clock was set back. */
  async #fire(): Promise<void> {
    this.#sayIfSetBack();
    this.#alarm = undefined;
    try {
      await this.#database.write(
        () => {
          const due = this.#statements.due.all(this.#clock.now(), TIMERS_FIRED_MAX).map(messageOf);
          for (const { dedup } of due) this.#statements.remove.run(dedup);
          return this.#mailbox.insert(due);
        },
        (stored) => this.#mailbox.enqueue(stored),
      );
      if (!this.#stopped) this.#setForEarliest();
    } catch (error) {
      this.#logger.log("error", "timers could not be fired; they will be tried again", {
        error: asError(error),
      });
      this.#setFor(this.#clock.now() + TIMERS_RETRY_MS);
    }
  }

  /** A sleep never ends early by the clock. So after it was set back, sleeps last longer, and that looks like a hang. */
  #sayIfSetBack(): void {
    const byMs = (this.#alarm?.ringsAtMs ?? 0) - this.#clock.now();
    if (byMs < CLOCK_SET_BACK_MS) return;
    this.#logger.log("warn", "the clock was set back: sleeps end when it has caught up", { byMs });
  }
}

function prepareAll(database: LocalDatabase) {
  return {
    put: database.prepare(
      "INSERT INTO timers (dedup, at, grp, body) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET at = excluded.at, grp = excluded.grp, body = excluded.body",
    ),
    earliest: database.prepare("SELECT min(at) AS at FROM timers"),
    dueBy: database.prepare("SELECT count(*) AS timers FROM timers WHERE at <= ?"),
    due: database.prepare("SELECT dedup, grp, body FROM timers WHERE at <= ? ORDER BY at LIMIT ?"),
    remove: database.prepare("DELETE FROM timers WHERE dedup = ?"),
    // And perhaps others, that hold this text somewhere.
    guards: database.prepare(`SELECT dedup, grp, body FROM timers WHERE instr(body, '"guard":') > 0`),
  };
}

/** A guard, as if it were due. */
function dueGuardIn(body: string): Outgoing | undefined {
  try {
    const message = decodeMessage(body);
    if (message.kind === "resume" && message.guard !== undefined) {
      const { dueAtMs: _, ...due } = message;
      return outgoing(due, `released.${message.guard}`);
    }
    if (message.kind === "start" && message.guard !== undefined) {
      const { guardAtMs: _, ...due } = message;
      return outgoing(due, `released.${message.guard}`);
    }
  } catch {
    // A later version's: the dispatcher says so when it is due.
  }
  return undefined;
}

const messageOf = (row: Record<string, unknown>): Outgoing => ({
  group: String(row["grp"]),
  dedup: String(row["dedup"]),
  body: String(row["body"]),
});
