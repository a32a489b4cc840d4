/**
 * What matchers and assertions check of an invocation. A check answers whether it is so, and a sentence for each case: `failed` if it should
 * be so and is not, `passed` if it should not be and is.
 */
import { UNTIL_MS_MAX } from "../../../lib/limits/testing.ts";
import { isDeepStrictEqual } from "node:util";
import type { TestInvocation } from "../invocation.ts";
import { journalOf, type JournalOfOptions } from "./journal-of.ts";

export interface InvocationCheck {
  readonly pass: boolean;
  readonly failed: string;
  readonly passed: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** How a runner compares values: its own equality, if it has one, so that `expect.any(String)` works. */
export type Equals = (actual: unknown, expected: unknown) => boolean;

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** `times`: so many results of the step are recorded. Absent: at least one. */
export async function hasRun(
  invocation: TestInvocation,
  step: string,
  times?: number,
): Promise<InvocationCheck> {
  const names = (await invocation.steps()).map(({ name }) => name);
  const count = names.filter((name) => name === step).length;
  const expected = times ?? "at least once";
  const ran = names.length === 0 ? "it has run no step" : `it has run ${names.join(", ")}`;
  return {
    pass: times === undefined ? count > 0 : count === times,
    failed: `${invocation.id} should have run the step '${step}' ${often(times)}, and has ${often(count)}; ${ran}`,
    passed: `${invocation.id} should not have run the step '${step}' ${often(times)}; ${ran}`,
    ...{ actual: count, expected },
  };
}

const often = (times: number | undefined): string =>
  times === undefined ? "at least once" : times === 1 ? "once" : times === 0 ? "never" : `${times} times`;

/** How it is, in words, and its result or its failure. */
interface State {
  readonly words: string;
  readonly result?: { readonly value: unknown };
  readonly failure?: { readonly code: number; readonly message: string };
}

async function stateOf(invocation: TestInvocation): Promise<State> {
  const status = await invocation.status();
  if (status === undefined) return { words: "is not there, or has recorded nothing" };
  const failure = await invocation.error();
  if (status !== "completed") {
    const why = failure ? `: ${failure.message}` : "";
    return { words: `is ${status}${why}` };
  }
  if (failure) return { words: `has failed with [${failure.code}] ${failure.message}`, failure };
  const value: unknown = await invocation.result();
  return { words: `has completed with ${shown(value)}`, result: { value } };
}

export async function hasCompleted(invocation: TestInvocation): Promise<InvocationCheck> {
  const { words, result } = await stateOf(invocation);
  return {
    pass: result !== undefined,
    failed: `${invocation.id} should have completed, and ${words}`,
    passed: `${invocation.id} should not have completed, and ${words}`,
    ...{ actual: words, expected: "completed" },
  };
}

export async function hasCompletedWith(
  invocation: TestInvocation,
  expected: unknown,
  equals: Equals = isDeepStrictEqual,
): Promise<InvocationCheck> {
  const { words, result } = await stateOf(invocation);
  return {
    pass: result !== undefined && equals(result.value, expected),
    failed: `${invocation.id} should have completed with ${shown(expected)}, and ${words}`,
    passed: `${invocation.id} should not have completed with ${shown(expected)}`,
    ...{ actual: result ? result.value : words, expected },
  };
}

/** `expected`: a part of the message, a pattern that it matches, or its code. Absent: any failure. */
export async function endedFailed(
  invocation: TestInvocation,
  expected?: string | RegExp | number,
): Promise<InvocationCheck> {
  const { words, failure } = await stateOf(invocation);
  const wanted =
    expected === undefined ? "" : ` with ${expected instanceof RegExp ? String(expected) : shown(expected)}`;
  return {
    pass: failure !== undefined && isFailure(failure, expected),
    failed: `${invocation.id} should have failed${wanted}, and ${words}`,
    passed: `${invocation.id} should not have failed${wanted}, and ${words}`,
    ...{ actual: words, expected: expected ?? "failed" },
  };
}

function isFailure(
  { code, message }: { readonly code: number; readonly message: string },
  expected: string | RegExp | number | undefined,
): boolean {
  if (expected === undefined) return true;
  if (typeof expected === "number") return code === expected;
  return typeof expected === "string" ? message.includes(expected) : expected.test(message);
}

/** `on`: a part of what it waits for, in words: `sleep`, the name of an awakeable, a promise or a called service. Absent: anything. */
export async function isSuspended(invocation: TestInvocation, on?: string): Promise<InvocationCheck> {
  const { words } = await stateOf(invocation);
  const waits = await invocation.waits();
  const pass = waits !== undefined && (on === undefined || waits.words.includes(on));
  const wanted = on === undefined ? "" : ` on ${on}`;
  const found = waits ? `waits for ${waits.words}` : words;
  return {
    pass,
    failed: `${invocation.id} should be suspended${wanted}, and ${found}`,
    passed: `${invocation.id} should not be suspended${wanted}, and ${found}`,
    ...{ actual: found, expected: on ?? "suspended" },
  };
}

/** The first time at which one of its sleeps or limits is over, to the second. */
export async function isSuspendedUntil(
  invocation: TestInvocation,
  time: Date | string,
): Promise<InvocationCheck> {
  const waits = await invocation.waits();
  const wantedMs = new Date(time).getTime();
  const { words } = await stateOf(invocation);
  const until = waits?.until;
  const isSo = until !== undefined && Math.abs(until.getTime() - wantedMs) < UNTIL_MS_MAX;
  const wanted = new Date(wantedMs).toISOString();
  const found = until
    ? `is suspended until ${until.toISOString()}`
    : waits
      ? `waits for ${waits.words}`
      : words;
  return {
    pass: isSo,
    failed: `${invocation.id} should be suspended until ${wanted}, and ${found}`,
    passed: `${invocation.id} should not be suspended until ${wanted}`,
    ...{ actual: until?.toISOString() ?? words, expected: wanted },
  };
}

/** The lines of {@link journalOf}. A line that ends with `…` matches all that begin so. */
export async function matchesJournal(
  invocation: TestInvocation,
  expected: readonly string[],
  options: JournalOfOptions = {},
): Promise<InvocationCheck> {
  const actual = await journalOf(invocation, options);
  const isSame = (line: string, at: number): boolean => {
    const wanted = expected[at] ?? "";
    return wanted.endsWith("…") ? line.startsWith(wanted.slice(0, -1)) : line === wanted;
  };
  const text = [`The journal of ${invocation.id}:`, ...actual.map((line) => `  ${line}`)].join("\n");
  return {
    pass: actual.length === expected.length && actual.every(isSame),
    failed: `${text}\nshould be:\n${expected.map((line) => `  ${line}`).join("\n")}`,
    passed: `${text}\nshould be another one`,
    ...{ actual, expected },
  };
}
