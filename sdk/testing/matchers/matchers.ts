/** Matchers for `expect.extend` of vitest and Jest. Each is asynchronous: `await expect(invocation).toHaveRun("charge", 1)`. */
import { TestInvocation } from "../invocation.ts";
import {
  type InvocationCheck,
  type Equals,
  hasCompleted,
  hasCompletedWith,
  endedFailed,
  hasRun,
  isSuspended,
  isSuspendedUntil,
  matchesJournal,
} from "./checks.ts";
import type { JournalOfOptions } from "./journal-of.ts";

/** What `expect(invocation)` has, once {@link matchers} are among those of the runner. */
export interface InvocationMatchers<R = Promise<void>> {
  /** The result of the step is recorded: so many times, or at least once. */
  toHaveRun(step: string, times?: number): R;
  toHaveCompleted(): R;
  /** Its result is equal to this, as `toEqual` compares. */
  toHaveCompletedWith(result: unknown): R;
  toHaveFailed(): R;
  /** Its message has this part or matches this pattern, or this is its code. */
  toHaveFailedWith(failure: string | RegExp | number): R;
  /** `on`: a part of what it waits for: `sleep`, the name of an awakeable, of a promise or of a service. */
  toBeSuspended(on?: string): R;
  /** The first of its sleeps and limits is over then, to the second. */
  toBeSuspendedUntil(time: Date | string): R;
  /** The lines of {@link journalOf}. A line that ends with `…` matches all that begin so. */
  toMatchJournal(lines: readonly string[], options?: JournalOfOptions): R;
}

/** What a runner tells a matcher. */
interface Runner {
  readonly equals?: Equals;
}

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
  readonly actual: unknown;
  readonly expected: unknown;
}

type Matcher<A extends readonly unknown[]> = (
  this: Runner,
  received: unknown,
  ...args: A
) => Promise<MatcherResult>;

const matcherOf = <A extends readonly unknown[]>(
  check: (invocation: TestInvocation, runner: Runner, ...args: A) => Promise<InvocationCheck>,
): Matcher<A> =>
  async function (received, ...args) {
    if (!(received instanceof TestInvocation))
      throw new TypeError(
        `expected an invocation of a test environment, such as environment.invocation(id); got ${typeof received}`,
      );
    const { pass, failed, passed, actual, expected } = await check(received, this, ...args);
    return { pass, message: () => (pass ? passed : failed), actual, expected };
  };

/** `expect.extend(matchers)`. `perdure/testing/vitest` and `perdure/testing/jest` do that, and say the types. */
export const matchers = {
  toHaveRun: matcherOf((invocation, _, step: string, times?: number) => hasRun(invocation, step, times)),
  toHaveCompleted: matcherOf((invocation) => hasCompleted(invocation)),
  toHaveCompletedWith: matcherOf((invocation, { equals }, result: unknown) =>
    hasCompletedWith(invocation, result, equals),
  ),
  toHaveFailed: matcherOf((invocation) => endedFailed(invocation)),
  toHaveFailedWith: matcherOf((invocation, _, failure: string | RegExp | number) =>
    endedFailed(invocation, failure),
  ),
  toBeSuspended: matcherOf((invocation, _, on?: string) => isSuspended(invocation, on)),
  toBeSuspendedUntil: matcherOf((invocation, _, time: Date | string) => isSuspendedUntil(invocation, time)),
  toMatchJournal: matcherOf((invocation, _, lines: readonly string[], options?: JournalOfOptions) =>
    matchesJournal(invocation, lines, options),
  ),
};
