/** What an environment leaves behind at its end, as text: what never ended, what nobody resolved, and what was said and never used. */
import { LEAKS_SHOWN_MAX, TEST_LIST_MAX } from "../../lib/limits/local.ts";
import { type PendingAwakeable, pendingIn } from "./awakeables.ts";
import type { TestEngine } from "./engine.ts";
import type { ServiceStub } from "./stubs.ts";

/** What becomes of a leak at the end: an error, a line on the console, or nothing. */
export type LeakMode = "throw" | "warn" | "ignore";

export interface LeakModes {
  /** Invocations that have not ended. Default: `ignore`, since a test of what happens on the third day leaves the rest of the month. */
  readonly invocations?: LeakMode;
  /** Awakeables that somebody waits for, and nobody has resolved. Default: `ignore`, for the same reason. */
  readonly awakeables?: LeakMode;
  /** Steps that were told what to do, and were never begun. Default: `warn`: mostly the name is misspelt. */
  readonly steps?: LeakMode;
  /** Stubs of which no handler was ever called. Default: `warn`. */
  readonly stubs?: LeakMode;
}

/** A test has left something behind. */
export class LeakError extends Error {
  override readonly name = "LeakError";
}

const DEFAULTS: Required<LeakModes> = {
  invocations: "ignore",
  awakeables: "ignore",
  steps: "warn",
  stubs: "warn",
};

export function leakModes(given: LeakMode | LeakModes = {}): Required<LeakModes> {
  if (typeof given === "object") return { ...DEFAULTS, ...given };
  return { invocations: given, awakeables: given, steps: given, stubs: given };
}

interface Leak {
  readonly kind: keyof LeakModes;
  readonly words: string;
}

/** Warns of those that shall be warned of. Throws a {@link LeakError} with those that shall be thrown. */
export async function checkLeaks(
  modes: Required<LeakModes>,
  engine: TestEngine,
  stubs: readonly ServiceStub[],
): Promise<void> {
  const leaks = [...(await openLeaks(modes, engine)), ...unusedLeaks(engine, stubs)];
  const warned = leaks.filter(({ kind }) => modes[kind] === "warn");
  if (warned.length > 0) console.warn(textOf(warned));
  const thrown = leaks.filter(({ kind }) => modes[kind] === "throw");
  if (thrown.length > 0) throw new LeakError(textOf(thrown));
}

function textOf(leaks: readonly Leak[]): string {
  const shown = leaks.slice(0, LEAKS_SHOWN_MAX).map(({ words }) => `  ${words}`);
  const left = leaks.length - shown.length;
  return ["The test has left behind:", ...shown, ...(left > 0 ? [`  and ${left} more`] : [])].join("\n");
}

interface Open {
  readonly id: string;
  readonly target: string;
  readonly status: string;
  readonly waiting_on?: string;
}

async function openLeaks(
  { invocations, awakeables }: Required<LeakModes>,
  engine: TestEngine,
): Promise<readonly Leak[]> {
  if (invocations === "ignore" && awakeables === "ignore") return [];
  // What is about to end has not leaked. One that hangs has.
  await engine.settled().catch(() => undefined);
  const list = await engine.json<{ readonly invocations: readonly Open[] }>(
    `/invocations?limit=${TEST_LIST_MAX}`,
  );
  const open = list.invocations
    .filter(({ status }) => status !== "completed")
    .map(({ id, target, status, waiting_on }): Leak => {
      const waits = waiting_on === undefined ? "" : `, waits for ${waiting_on}`;
      return { kind: "invocations", words: `${target} has not ended: ${status}${waits} (${id})` };
    });
  return [...open, ...(awakeables === "ignore" ? [] : (await pendingIn(engine)).map(awakeableLeak))];
}

const awakeableLeak = ({ id, name, invocation }: PendingAwakeable): Leak => ({
  kind: "awakeables",
  words: `nobody has resolved the awakeable ${name === undefined ? id : `'${name}'`}, which ${invocation} waits for`,
});

function unusedLeaks({ steps }: TestEngine, stubs: readonly ServiceStub[]): readonly Leak[] {
  const begun = steps.begun.join(", ");
  const known = begun === "" ? "no step was begun" : `begun were ${begun}`;
  return [
    ...steps.unused.map((name): Leak => ({
      kind: "steps",
      words: `the step '${name}' was told what to do, and was never begun; ${known}`,
    })),
    ...stubs
      .filter((stub) => stub.calls().length === 0)
      .map(({ name }): Leak => ({ kind: "stubs", words: `the stub of ${name} was never called` })),
  ];
}
