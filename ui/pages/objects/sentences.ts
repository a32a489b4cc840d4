/** What a person would say of a key, in parts: `true` marks what matters most. */
import type { Invocation } from "../../admin/invocation.ts";
import type { Said } from "../../words/pieces.ts";
import { counted, visible } from "../../words/text.ts";
import { duration } from "../../words/time.ts";
import { waitText } from "../../words/wait.ts";
import { type Chain, ringKeys } from "./chain.ts";
import type { KeyData } from "./key-data.ts";

const MINUTE_MS = 60_000;
/** A sentence is read out when it changes: it does not count seconds. */
export const forHowLong = (ms: number): string =>
  ms < MINUTE_MS ? "for less than a minute" : `for ${duration(Math.floor(ms / MINUTE_MS) * MINUTE_MS)}`;

/** Of an object's key. */
export function keySentence(data: KeyData, nowMs: number): Said {
  const { owner, takenMs, waitingCount, chain } = data;
  const ring = chain && ringKeys(chain);
  if (chain && ring && ring.length > 0) return ringSentence(ring);
  if (!owner) return freeSentence(data);
  const since = forHowLong(nowMs - (takenMs ?? owner.createdMs));
  return [
    [`Locked ${since}`, true],
    ` by ${visible(owner.target.handler)}, which ${doing(owner, nowMs)}. `,
    ...(waitingCount === 0
      ? ["Nothing waits behind it."]
      : [
          [counted(waitingCount, "invocation"), true] as const,
          waitingCount === 1 ? " waits behind it." : " wait behind it.",
        ]),
  ];
}

function freeSentence({ waitingCount, history }: KeyData): Said {
  if (waitingCount > 0)
    return [
      [counted(waitingCount, "invocation"), true],
      " wait, and nobody has the key: the next one is about to have it.",
    ];
  if (history.length === 0) return [["Free, ", true], "and nothing that is known here has run on it."];
  return [["Free: ", true], "the next call starts at once."];
}

const ringSentence = (keys: readonly string[]): Said => [
  [
    keys.length === 1 ? "This key waits for itself." : `${spelled(keys.length)} keys wait for each other`,
    true,
  ],
  keys.length === 1
    ? " Its owner calls it, and that call waits for the owner. It cannot go on: cancel the owner."
    : `: ${keys.map((key) => visible(key)).join(", ")}. None can go on by itself. Cancel one: it undoes, and lets the others through.`,
];
const spelled = (count: number): string => ["No", "One", "Two", "Three", "Four"][count] ?? String(count);

/** What an owner does: "waits for an awakeable". */
export function doing({ status, waiting, lastFailure }: Invocation, nowMs: number): string {
  switch (status) {
    case "running":
      return "runs";
    case "suspended":
      return waiting === undefined ? "is suspended" : `waits for ${waitText(waiting, nowMs)}`;
    case "backing-off":
      return `is tried again${lastFailure === undefined ? "" : ` after “${firstLine(lastFailure)}”`}`;
    case "paused":
      return `is paused${lastFailure === undefined ? "" : ` by “${firstLine(lastFailure)}”`}: it does not go on by itself`;
    case "completed":
      return "has just ended";
    case "pending":
    case "ready":
    case "scheduled":
      return "is about to run";
  }
}

const LINE_MAX = 120;
const firstLine = (text: string): string => {
  const [line = ""] = text.split("\n");
  return visible(line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)}…` : line);
};

/** Of a workflow's key: what its run does. */
export function workflowSentence(run: Invocation | undefined, nowMs: number): Said {
  if (run === undefined)
    return [["There is no run with this key. ", true], "Call run, and it begins: once for each key."];
  if (run.status === "completed") {
    const when = run.completedMs === undefined ? "" : ` ${agoInWords(nowMs - run.completedMs)}`;
    return run.failure === undefined
      ? [["The run has succeeded", true], `${when}. It does not run again: its key is used.`]
      : [
          ["The run has failed", true],
          `${when} with ${run.failure.code}: “${firstLine(run.failure.message)}”.`,
        ];
  }
  return [["The run ", true], [doing(run, nowMs), true], `, begun ${agoInWords(nowMs - run.createdMs)}.`];
}

const agoInWords = (ms: number): string =>
  ms < MINUTE_MS ? "less than a minute ago" : `${duration(Math.floor(ms / MINUTE_MS) * MINUTE_MS)} ago`;

/** Where a new call of an exclusive handler, or an edit, would stand. */
export function placeInWords({ owner, waitingCount }: Pick<KeyData, "owner" | "waitingCount">): string {
  if (!owner && waitingCount === 0) return "at once: the key is free";
  return `as ${ordinal(waitingCount + 1)}, behind ${owner ? `a ${owner.look.word.toLowerCase()} owner` : "those that wait"}`;
}

export function ordinal(place: number): string {
  const [tens, ones] = [place % 100, place % 10];
  if (tens >= 11 && tens <= 13) return `${place}th`;
  return `${place}${["th", "st", "nd", "rd"][ones] ?? "th"}`;
}

/** Where the chain ends: what must happen for all of it to go on. */
export function chainEnd({ links, backTo, cut }: Chain, nowMs: number): string | undefined {
  const last = links.at(-1)?.invocation;
  if (links.length < 2 || last === undefined || backTo !== undefined) return undefined;
  return cut
    ? "The chain goes on; it is followed no further."
    : `It all waits until ${visible(last.target.handler)} goes on, which ${doing(last, nowMs)}.`;
}
