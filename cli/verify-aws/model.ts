/**
 * What the cost model says of the workloads that step 6 runs: counts of one use, alone on an idle system, and list prices. The
 * model is in bench/ and is not shipped. A test compares (test/unit/cli/verify-aws/model.test.ts).
 *
 * Guards are not counted. They are messages of the delay queue or items of their table, as there are few or many of them, and passes
 * over the table come each minute (docs/decisions/0056-guards-in-a-table.md). Either way somebody looks whether the turn has ended.
 */
export const COUNTED = [
  ...(["httpRequests", "ingressInvocations", "dispatcherInvocations", "handlerInvocations"] as const),
  ...(["mailboxMessages", "writeUnits", "readUnits"] as const),
] as const;
export type Counted = (typeof COUNTED)[number];
export type Counts = Readonly<Record<Counted, number>>;

/** One call over HTTP that the ingress answers from a turn of its own. */
const CALL: Counts = {
  ...{ httpRequests: 1, ingressInvocations: 1, dispatcherInvocations: 0, handlerInvocations: 1 },
  ...{ mailboxMessages: 0, writeUnits: 1, readUnits: 0 },
};
/** A guard, for a turn that may take longer than a moment: a look at its head. */
const GUARD = { readUnits: 0.5 };

/** By the names of the benchmark's workloads. */
export const MODEL = {
  "no-op service call": CALL,
  "10 sequential steps": { ...CALL, ...GUARD, writeUnits: 10 },
  "object add": { ...CALL, dispatcherInvocations: 1, mailboxMessages: 1, writeUnits: 2, readUnits: 3.5 },
  "chain of 10 calls": { ...CALL, ...GUARD, handlerInvocations: 11, writeUnits: 21 },
} as const satisfies Readonly<Record<string, Counts>>;
export type Modelled = keyof typeof MODEL;

/** Dollars, us-east-1, as in bench/prices.json. */
export const LIST_PRICES = {
  ...{ writeUnit: 0.625e-6, readUnit: 0.125e-6, fifoRequest: 0.5e-6 },
  ...{ lambdaRequest: 0.2e-6, gbSecond: 0.0000133334, httpRequest: 1e-6 },
} as const;
/** A message alone: sent, received, hidden, deleted. */
export const REQUESTS_OF_MESSAGE = 4;
