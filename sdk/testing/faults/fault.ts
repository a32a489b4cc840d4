/** What can go wrong at a request of a handler's process, and what is known of such a request. */
import { userFrame } from "../../turn/user-frame.ts";

/**
 * - `crash-before`: the process dies before the request takes effect.
 * - `crash-after`: it dies right after, before it hears of it.
 * - `answer-lost`: the request takes effect, the process is told that it failed, and goes on.
 * - `delivered-twice`: the message under which the turn runs is delivered again, and the request takes effect only when the second turn
 *   has come as far as it can.
 */
export const FAULTS = ["crash-before", "crash-after", "answer-lost", "delivered-twice"] as const;
export type Fault = (typeof FAULTS)[number];

/** A request that writes, sends or schedules. */
export interface FaultPoint {
  /** Of the run, from 0. */
  readonly number: number;
  /** Of those of this target that ask for the same, from 0. */
  readonly occurrence: number;
  /** What it asks for: `the append of run "charge"`. */
  readonly what: string;
  /** Whose turn it is: `Order/o-1/place`. */
  readonly target: string;
  /** Where the handler has issued what it records. Absent: nothing of the handler's own. */
  readonly site: Error | undefined;
}

/** One that has struck. */
export interface Strike {
  readonly fault: Fault;
  readonly point: FaultPoint;
}

/** A fault at one request, by what that is: it is the same request in a run with fewer faults before it. */
export interface ChosenFault {
  readonly fault: Fault;
  readonly target: string;
  readonly what: string;
  readonly occurrence: number;
}

export const chosenFault = ({ fault, point: { target, what, occurrence } }: Strike): ChosenFault => ({
  ...{ fault, target, what, occurrence },
});

const HOW: Readonly<Record<Fault, string>> = {
  "crash-before": "the process dies before",
  "crash-after": "the process dies after",
  "answer-lost": "the answer is lost of",
  "delivered-twice": "the message is delivered a second time at",
};

/** `the process dies after the append of run "charge", in Order/o-1/place, at place (/app/order.ts:12:9)` */
export function strikeText({ fault, point: { what, target, site } }: Strike): string {
  const frame = userFrame(site?.stack);
  return `${HOW[fault]} ${what}, in ${target}${frame === undefined ? "" : `, at ${frame}`}`;
}
