/** What a suspended invocation waits for, as a tree, and in words. */
import type { AnswerFields } from "../../lib/answer-fields.ts";
import { present, timeOf } from "../admin/fields.ts";
import { to } from "../routes.ts";
import { type Piece, plainText } from "./pieces.ts";
import { shortId, visible } from "./text.ts";
import { clockTime, duration } from "./time.ts";

export interface Waiting {
  /** `all`, `any`, `race`, `allSettled`, `map` have parts. */
  readonly kind: string;
  readonly command?: number;
  readonly name?: string;
  readonly dueMs?: number;
  readonly invocationId?: string;
  readonly target?: string;
  readonly awakeableId?: string;
  readonly signal?: string;
  readonly parts: readonly Waiting[];
  /** Parts that were not answered. */
  readonly partsLeft?: number;
}

/** Deeper trees are cut: no reader follows them. */
const DEPTH_MAX = 8;
/** So many parts are said; of the others the number. */
const PARTS_MAX = 4;

export function waitingOf(fields: AnswerFields | undefined, depth = 0): Waiting | undefined {
  if (fields === undefined || depth > DEPTH_MAX) return undefined;
  const parts = fields.objects("parts").flatMap((part) => waitingOf(part, depth + 1) ?? []);
  return {
    kind: fields.optionalText("kind") ?? "",
    ...present("command", fields.optionalNumber("command")),
    ...present("name", fields.optionalText("name")),
    ...present("dueMs", timeOf(fields, "due_at")),
    ...present("invocationId", fields.optionalText("invoked_id")),
    ...present("target", fields.optionalText("invoked_target")),
    ...present("awakeableId", fields.optionalText("awakeable_id")),
    ...present("signal", fields.optionalText("kind") === "signal" ? fields.optionalText("name") : undefined),
    partsLeft: fields.optionalNumber("parts_left_out") ?? 0,
    parts,
  };
}

export const leavesOf = (wait: Waiting): readonly Waiting[] =>
  wait.parts.length === 0 ? [wait] : wait.parts.flatMap(leavesOf);

const JOINTS: Readonly<Record<string, readonly [string, string]>> = {
  all: [" and ", ""],
  allSettled: [" and ", ""],
  settled: [" and ", ""],
  any: [", or ", ", whichever succeeds first"],
  race: [", or ", ", whichever comes first"],
};

/** "the promise “paid”, or the timer “give up” at 14:02, whichever comes first". */
export function waitInWords(wait: Waiting, nowMs: number): readonly Piece[] {
  if (wait.kind === "also" || wait.kind === "mapped" || wait.kind === "map") {
    const [first] = wait.parts;
    return first ? waitInWords(first, nowMs) : ["something"];
  }
  if (wait.parts.length === 0) return leafInWords(wait, nowMs);
  const [joint, end] = JOINTS[wait.kind] ?? [" and ", ""];
  const shown = wait.parts.slice(0, PARTS_MAX);
  const left = wait.parts.length - shown.length + (wait.partsLeft ?? 0);
  const pieces = shown.flatMap((part, index): readonly Piece[] => [
    ...(index === 0 ? [] : [joint]),
    ...waitInWords(part, nowMs),
  ]);
  return [...pieces, ...(left > 0 ? [joint, { b: `${left} more` }] : []), ...(end === "" ? [] : [end])];
}

function leafInWords(leaf: Waiting, nowMs: number): readonly Piece[] {
  switch (leaf.kind) {
    case "sleep":
      return timerInWords(leaf, nowMs);
    case "call":
      return ["the result of ", callee(leaf)];
    case "attach":
      return ["the end of ", callee(leaf)];
    case "promise":
    case "promise.get":
      return [{ b: `the promise “${visible(leaf.name ?? "")}”` }];
    case "awakeable":
    case "signal":
      return leaf.signal === undefined
        ? [{ b: leaf.name ? `the awakeable “${visible(leaf.name)}”` : "an awakeable" }]
        : [{ b: `the signal “${visible(leaf.signal)}”` }];
    default:
      return ["something outside"];
  }
}

function timerInWords({ name, dueMs }: Waiting, nowMs: number): readonly Piece[] {
  const what: Piece = { b: name ? `the timer “${visible(name)}”` : "a timer" };
  if (dueMs === undefined) return [what];
  const left = dueMs - nowMs;
  return [what, ` at ${clockTime(dueMs, nowMs)} (${left > 0 ? `in ${duration(round(left))}` : "due now"})`];
}
/** What ticks must not flicker. */
const round = (ms: number): number => Math.ceil(ms / 1000) * 1000;

function callee({ target, invocationId, command }: Waiting): Piece {
  const name = target ?? (invocationId === undefined ? `operation ${command ?? "?"}` : shortId(invocationId));
  return invocationId === undefined
    ? { b: visible(name) }
    : { b: visible(name), href: to.invocation(invocationId) };
}

/** The same as a text. */
export const waitText = (wait: Waiting, nowMs: number): string => plainText(waitInWords(wait, nowMs));

/** When it goes on by itself at the latest, if it does. */
export function dueOf({ kind, dueMs, parts }: Waiting): number | undefined {
  if (parts.length === 0) return kind === "sleep" ? dueMs : undefined;
  const due = parts.map(dueOf);
  const given = due.filter((one) => one !== undefined);
  if (kind === "race" || kind === "any") return given.length === 0 ? undefined : Math.min(...given);
  return given.length === due.length ? Math.max(...given) : undefined;
}

/** Nothing but people or the outside ends it: a call ends, and a timer fires. */
export const isOpenEnded = (wait: Waiting): boolean =>
  leavesOf(wait).every(({ kind }) => !["sleep", "call", "attach"].includes(kind));

/** The first awakeable in it, to be resolved by its id. */
export const awakeableIn = (wait: Waiting | undefined): string | undefined =>
  wait && leavesOf(wait).find(({ awakeableId }) => awakeableId !== undefined)?.awakeableId;

/** Whether it waits for this promise of its workflow. */
export const waitsForPromise = (wait: Waiting | undefined, name: string): boolean =>
  wait !== undefined && leavesOf(wait).some((leaf) => leaf.kind.startsWith("promise") && leaf.name === name);

/** For the badge: "waits for a promise". */
export function waitNoun(wait: Waiting): string {
  const kinds = new Set(leavesOf(wait).map(({ kind, signal }) => nounOf(kind, signal)));
  const [only] = kinds;
  return kinds.size === 1 && only !== undefined
    ? only
    : kinds.size > 1 && kinds.has("a timer") && kinds.size === 2
      ? [...kinds].filter((kind) => kind !== "a timer").join("")
      : "several things";
}
function nounOf(kind: string, signal: string | undefined): string {
  if (kind === "sleep") return "a timer";
  if (kind === "call" || kind === "attach") return "another invocation";
  if (kind.startsWith("promise")) return "a promise";
  return signal === undefined ? "an awakeable" : "a signal";
}
