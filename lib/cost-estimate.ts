/**
 * What one invocation costs in AWS, estimated from its journal: how often it wrote, waited and was called, times list prices.
 *
 * The counts of each kind are those of docs/benchmarks.md ("What a workload takes"); a test holds the estimates to its table. Not in
 * it: logs, storage, retries, turns that take long, what those that it has called cost.
 */

import { WRITE_UNIT_BYTES } from "./limits/cli.ts";
import { DELAY_QUEUE_MS_MAX, SHORT_WAIT_MS } from "./limits.ts";

/** In dollars per million, us-east-1, first tier: as bench/prices.json. */
export const PRICES = {
  httpRequest: 1,
  fifoRequest: 0.5,
  standardRequest: 0.4,
  schedule: 1,
  writeUnit: 0.625,
  readUnit: 0.125,
} as const;

/** Requests and milliseconds of functions, in dollars per million, as the bench's model bills them. */
const FUNCTIONS = {
  /** Ingress and handler of a call that ends in one turn. */
  atDoor: 0.5,
  /** Dispatcher and handler of a message. */
  byMessage: 0.8,
  /** The ingress, beside {@link byMessage}. */
  ingress: 0.21,
  /** Of the handler, until its guard is written; of the timers' function, which looks at it. */
  guard: 0.03,
  step: 0.025,
  read: 0.04,
  afterSleep: 1.16,
  schedule: 0.23,
  afterAnswer: 1.1,
} as const;

/** Units of an item in a transaction, beside one that is written alone. */
const TRANSACTED = 2;

/** A message alone: sent, received, deleted. */
const MESSAGE = 3;

/** What an estimate rests on. */
export interface Journaled {
  /** Over HTTP, and not by another handler. */
  readonly isHttpCall: boolean;
  /** By a message: of an object's or workflow's exclusive handler, a send, a delayed start. */
  readonly isByMessage: boolean;
  readonly isDelayed: boolean;
  readonly entries: readonly JournaledEntry[];
}

export interface JournaledEntry {
  /** As the journal has it: `run`, `sleep`, `call`. */
  readonly type: string;
  /** Of its value. */
  readonly bytes: number;
  /** Of a sleep: how long it was to take. */
  readonly sleepMs?: number;
  /** Of a step that was a transaction: how many writes to the user's tables went with it. Each is taken for one of up to a kilobyte. */
  readonly writes?: number;
}

export interface Part {
  readonly what: string;
  /** Per million invocations. */
  readonly dollars: number;
}

/** In the order in which they arise. Parts that cost nothing are left out. */
export function costOf(journaled: Journaled): Part[] {
  const { isHttpCall, entries } = journaled;
  const of = (type: string): readonly JournaledEntry[] => entries.filter((entry) => entry.type === type);
  const sleeps = of("sleep").filter(({ sleepMs = Infinity }) => sleepMs > SHORT_WAIT_MS);
  const answers = [...of("signal"), ...of("promise.get"), ...of("attach")];
  const parts: Part[] = [
    { what: "HTTP request", dollars: isHttpCall ? PRICES.httpRequest : 0 },
    { what: "start and end", dollars: ofStart(journaled) },
    { what: "steps", dollars: ofSteps(journaled, of("run")) },
    { what: "writes to your tables", dollars: ofWrites(of("run")) },
    { what: "state", dollars: ofState([...of("set"), ...of("clear"), ...of("clearAll")], of("get").length) },
    { what: "sleeps", dollars: sum(sleeps.map(ofSleep)) },
    { what: "waits for others", dollars: answers.length * OF_ANSWER },
    { what: "calls", dollars: of("call").length * OF_CALL },
    { what: "sends", dollars: of("send").length * MESSAGE * PRICES.fifoRequest },
  ];
  return parts.filter(({ dollars }) => dollars > 0);
}

export const sumOf = (parts: readonly Part[]): number => sum(parts.map(({ dollars }) => dollars));

function ofStart({ isHttpCall, isByMessage, isDelayed }: Journaled): number {
  if (!isByMessage) return PRICES.writeUnit + FUNCTIONS.atDoor;
  const message = MESSAGE * PRICES.fifoRequest + FUNCTIONS.byMessage + (isHttpCall ? FUNCTIONS.ingress : 0);
  // A caller over HTTP looks for the result.
  const looks = isHttpCall && !isDelayed ? 3 * PRICES.readUnit : 0;
  const delay = isDelayed ? MESSAGE * PRICES.standardRequest + 3 * PRICES.writeUnit + 2 * PRICES.readUnit : 0;
  return PRICES.writeUnit + message + looks + delay;
}

/** A step is a write; the last one is that of the end, unless it is a transaction. The first one at the door has a guard behind it. */
function ofSteps({ isByMessage }: Journaled, steps: readonly JournaledEntry[]): number {
  const last = steps.at(-1);
  if (!last) return 0;
  const units = steps.map((step) => unitsOf(step.bytes) * (isTransaction(step) ? TRANSACTED : 1));
  const writes = sum(units) - (isTransaction(last) ? 0 : 1);
  const guard = isByMessage ? 0 : PRICES.writeUnit + 1.5 * PRICES.readUnit + FUNCTIONS.guard;
  return guard + writes * PRICES.writeUnit + steps.length * FUNCTIONS.step;
}

const isTransaction = ({ writes }: JournaledEntry): boolean => writes !== undefined;

const ofWrites = (steps: readonly JournaledEntry[]): number =>
  sum(steps.map(({ writes = 0 }) => writes)) * TRANSACTED * PRICES.writeUnit;

/** What is set is in the journal, and in the table of state. */
const ofState = (changes: readonly JournaledEntry[], reads: number): number =>
  sum(changes.map(({ bytes }) => unitsOf(bytes))) * PRICES.writeUnit +
  reads * (PRICES.readUnit + FUNCTIONS.read);

function ofSleep({ sleepMs = Infinity }: JournaledEntry): number {
  const rest =
    3 * PRICES.writeUnit +
    2 * PRICES.readUnit +
    2 * MESSAGE * PRICES.fifoRequest +
    MESSAGE * PRICES.standardRequest +
    FUNCTIONS.afterSleep;
  return sleepMs <= DELAY_QUEUE_MS_MAX
    ? rest
    : rest + PRICES.schedule + MESSAGE * PRICES.standardRequest + FUNCTIONS.schedule;
}

/** It rests, is resolved over HTTP, and goes on by a message. */
const OF_ANSWER =
  PRICES.httpRequest +
  3 * PRICES.writeUnit +
  PRICES.readUnit +
  2 * MESSAGE * PRICES.fifoRequest +
  FUNCTIONS.afterAnswer;

/** One that is soon answered. What the other one does comes to that. */
const OF_CALL = 2 * PRICES.writeUnit + FUNCTIONS.atDoor;

const unitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
