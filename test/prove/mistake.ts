/** A mistake that people make in handlers: planted, and mended. */
import type { TestEnvironment, TestEnvironmentOptions } from "perdure/testing";

/** In the order of the table's columns. */
export const TOOLS = ["test", "types", "lint", "check", "strict", "crash", "explore", "replay"] as const;
export type Tool = (typeof TOOLS)[number];

export interface Made {
  readonly services: readonly unknown[];
  /** Those that `ctx.transact` writes to. */
  readonly tables?: NonNullable<TestEnvironmentOptions["tables"]>;
  /** Asserts what its author would. What it returns is compared between runs. */
  readonly test: (environment: TestEnvironment) => Promise<unknown>;
}

export interface Mistake {
  readonly kind: Kind;
  /** How it happens to people, in one line. */
  readonly why: string;
  /** The tools that must find it. None: {@link unseen} says why. Others may find it, too. */
  readonly foundBy: readonly Tool[];
  /** Why no tool finds it. */
  readonly unseen?: string;
  /** Calls run at once, and a fault may change which comes first: what the test returns is compared, and no more. */
  readonly isConcurrent?: boolean;
  /** Services and the world around them, anew each time. */
  readonly make: (isPlanted: boolean) => Made;
  /** The code under which invocations were begun that the new code goes on with. Default: the same code. */
  readonly before?: () => Made;
}

export const KINDS = [
  "time and random numbers",
  "effects",
  "forgotten awaits",
  "values",
  "undoing and retries",
  "order",
  "keys",
  "new code",
  "endings",
] as const;
export type Kind = (typeof KINDS)[number];
