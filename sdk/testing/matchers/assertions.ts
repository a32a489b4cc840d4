/** The same checks for `node:test` and any other runner: each throws an AssertionError of `node:assert` unless it is so. */
import { AssertionError } from "node:assert";
import type { TestInvocation } from "../invocation.ts";
import {
  type InvocationCheck,
  hasCompleted,
  hasCompletedWith,
  endedFailed,
  hasRun,
  isSuspended,
  isSuspendedUntil,
  matchesJournal,
} from "./checks.ts";
import type { JournalOfOptions } from "./journal-of.ts";

async function asserted(check: Promise<InvocationCheck>): Promise<void> {
  const { pass, failed: message, actual, expected } = await check;
  if (!pass) throw new AssertionError({ message, actual, expected, operator: "assertInvocation" });
}

/** `await assertInvocation.hasRun(invocation, "charge", 1)`. */
export const assertInvocation = {
  /** The result of the step is recorded: so many times, or at least once. */
  hasRun: async (invocation: TestInvocation, step: string, times?: number): Promise<void> =>
    await asserted(hasRun(invocation, step, times)),
  hasCompleted: async (invocation: TestInvocation): Promise<void> => await asserted(hasCompleted(invocation)),
  /** Its result is equal to this, as `deepStrictEqual` compares. */
  hasCompletedWith: async (invocation: TestInvocation, result: unknown): Promise<void> =>
    await asserted(hasCompletedWith(invocation, result)),
  /** `failure`: a part of its message, a pattern that it matches, or its code. Absent: any. */
  hasFailed: async (invocation: TestInvocation, failure?: string | RegExp | number): Promise<void> =>
    await asserted(endedFailed(invocation, failure)),
  /** `on`: a part of what it waits for: `sleep`, the name of an awakeable, of a promise or of a service. */
  isSuspended: async (invocation: TestInvocation, on?: string): Promise<void> =>
    await asserted(isSuspended(invocation, on)),
  /** The first of its sleeps and limits is over then, to the second. */
  isSuspendedUntil: async (invocation: TestInvocation, time: Date | string): Promise<void> =>
    await asserted(isSuspendedUntil(invocation, time)),
  /** The lines of {@link journalOf}. A line that ends with `…` matches all that begin so. */
  matchesJournal: async (
    invocation: TestInvocation,
    lines: readonly string[],
    options?: JournalOfOptions,
  ): Promise<void> => await asserted(matchesJournal(invocation, lines, options)),
};
