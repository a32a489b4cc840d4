/** The overview's sentence, and what is said of each group that needs attention. */
import type { Attention, Counts, HandlerFigures, OverviewAnswer } from "../../admin/overview.ts";
import { counted } from "../../words/text.ts";
import { clockTime, duration, ticking } from "../../words/time.ts";

export interface Sentence {
  readonly strong: string;
  readonly rest: string;
  readonly isWell: boolean;
}

const OPEN = ["scheduled", "pending", "ready", "running", "suspended", "backing-off", "paused"] as const;
export const inFlight = (counts: Counts): number =>
  OPEN.reduce((sum, status) => sum + (counts[status] ?? 0), 0);

/** What is the matter, since when; or that all is well. */
export function sentenceOf(
  { counts, isComplete, attention = [], minutes }: OverviewAnswer,
  nowMs: number,
): Sentence {
  const open = counts === undefined ? undefined : inFlight(counts);
  if (attention.length === 0)
    return { strong: "All well.", rest: wellWords(open, isComplete, failedIn(minutes)), isWell: true };
  const affected = attention.reduce((sum, { count }) => sum + count, 0);
  const [worst] = attention;
  const things =
    attention.length === 1 ? "1 thing wants attention," : `${attention.length} things want attention,`;
  const all = `${isComplete ? "" : "at least "}${counted(affected, "invocation")} in all.`;
  const parts = [all, worst && worstWords(worst, nowMs), othersWords(open, affected)];
  return { strong: things, rest: parts.filter((part) => part !== undefined).join(" "), isWell: false };
}

function wellWords(open: number | undefined, isComplete: boolean, failed: number | undefined): string {
  const now =
    open === undefined
      ? "Nothing is known to need you; what is in flight has no index here."
      : open === 0
        ? "Nothing is in flight, and nothing waits."
        : `${isComplete ? "" : "At least "}${counted(open, "invocation")} ${open === 1 ? "is" : "are"} in flight; none needs you.`;
  return failed === undefined || failed === 0
    ? now
    : `${now} ${counted(failed, "invocation")} ended in a failure in the last hour.`;
}

export const failedIn = (minutes: OverviewAnswer["minutes"]): number | undefined =>
  minutes?.reduce((sum, { failed }) => sum + failed, 0);

const isOne = (count: number): string => (count === 1 ? "is" : "are");
function worstWords({ status, count, sinceMs }: Attention, nowMs: number): string {
  const since = `since ${clockTime(sinceMs, nowMs)}`;
  const many = count.toLocaleString("en-GB");
  if (status === "paused")
    return `The worst: ${many} ${count === 1 ? "has" : "have"} been paused ${since} and ${count === 1 ? "waits" : "wait"} for you.`;
  if (status === "backing-off")
    return `The worst: ${many} ${count === 1 ? "has" : "have"} failed again and again ${since}.`;
  if (status === "pending")
    return `The worst: ${many} ${count === 1 ? "has" : "have"} waited behind one key ${since}.`;
  return `The worst: ${many} ${count === 1 ? "has" : "have"} run for much longer than usual, ${since}.`;
}

function othersWords(open: number | undefined, affected: number): string | undefined {
  const others = (open ?? 0) - affected;
  if (others < 0 || open === undefined) return "Nothing is lost.";
  return others === 0
    ? "Nothing is lost."
    : `Nothing is lost; the other ${others.toLocaleString("en-GB")} in flight go on.`;
}

/** "3 paused" */
export function whatWords({ status, count }: Attention): string {
  const many = count.toLocaleString("en-GB");
  if (status === "paused") return `${many} paused`;
  if (status === "backing-off") return `${many} retrying`;
  if (status === "pending") return `${many} ${count === 1 ? "waits" : "wait"}`;
  return `${many} ${isOne(count)} slow`;
}

/** Below the target: how the group belongs together. */
export function groupWords({ status, count, target }: Attention): string {
  if (status === "pending") return "behind one key";
  if (count === 1) return target.key === undefined ? "one invocation" : "one key";
  return status === "running" ? `${count} of them` : "the same error in all";
}

export interface Why {
  /** An error's own words. */
  readonly quote?: string;
  readonly text: string;
}

export function whyOf({ status, error, nextMs, usualMs }: Attention, nowMs: number): Why {
  if (status === "pending") return { text: "The key’s owner has not let it go. One runs after the other." };
  if (status === "running") {
    const usual = usualMs === undefined ? "" : ` Most take ${duration(usualMs)} at most.`;
    return { text: `Nothing was recorded for that long.${usual}` };
  }
  const [quote = ""] = (error ?? "").trimStart().split("\n");
  if (status === "paused")
    return quote === ""
      ? { text: "Somebody has paused it." }
      : { quote, text: "It does not go on by itself." };
  const next =
    nextMs === undefined
      ? ""
      : `Next try ${nextMs <= nowMs ? "now" : `in ${ticking(nextMs - nowMs + 999)}`}.`;
  return { ...(quote !== "" && { quote }), text: next };
}

/** The longest part of an error that has no number: the list finds by it what the group has in common. */
export function commonPart(error: string): string | undefined {
  const [line = ""] = error.trimStart().split("\n");
  const parts = line.split(/\d+(?:[.,]\d+)*/u).map((part) => part.trim());
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), "");
  return longest === "" ? undefined : longest;
}

/** The list's filter for a group. */
export function filterOfGroup({ status, target, error }: Attention): Readonly<Record<string, string>> {
  const { service, handler, key } = target;
  const part = status === "paused" || status === "backing-off" ? commonPart(error ?? "") : undefined;
  return {
    service,
    ...(key !== undefined && { key }),
    ...(status !== "pending" && { handler }),
    status,
    ...(part !== undefined && { error: part }),
  };
}

/** Those with trouble first: what fails most, then what is retried or paused, then what has most in flight. */
export const byTrouble = (handlers: readonly HandlerFigures[]): readonly HandlerFigures[] =>
  handlers.toSorted(
    (a, b) =>
      failShare(b) - failShare(a) ||
      stuckIn(b) - stuckIn(a) ||
      b.inFlight - a.inFlight ||
      (b.ended ?? 0) - (a.ended ?? 0),
  );
const failShare = ({ failed = 0, ended = 0 }: HandlerFigures): number => (ended === 0 ? 0 : failed / ended);
const stuckIn = ({ byStatus }: HandlerFigures): number =>
  (byStatus.paused ?? 0) + (byStatus["backing-off"] ?? 0);

const WHOLE = 100;
/** `99.8 %`: never rounded up to a hundred while one has failed. */
export function successWords({ ended, failed = 0 }: HandlerFigures): string {
  if (ended === undefined || ended === 0) return "–";
  const share = (WHOLE * (ended - failed)) / ended;
  return `${failed > 0 ? Math.floor(share * 10) / 10 : WHOLE} %`;
}
