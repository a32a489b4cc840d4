/** What is said of subscriptions. */
import type { Lane, SubscriptionInfo, SubscriptionState } from "../../admin/subscriptions.ts";
import type { Said } from "../../words/pieces.ts";
import type { StatusLook } from "../../words/status.ts";
import { counted } from "../../words/text.ts";
import { duration, ticking } from "../../words/time.ts";

/** A schedule is told by its source: whether this server makes the ticks is another question. */
export const isSchedule = ({ source }: SubscriptionInfo): boolean => source.startsWith("schedule://");
export const isTopic = ({ source }: SubscriptionInfo): boolean => source.startsWith("kafka://");
/** What can be read again: a topic that this server reads. */
export const isMovable = (of: SubscriptionInfo): boolean => isTopic(of) && of.isReadHere;

/** Its name, or its source: without a name of its own it is called by its id. */
export const titleOf = ({ id, name, source }: SubscriptionInfo): string => (name === id ? source : name);

/** One that somebody has paused needs nobody, so it is not drawn as what does. */
const LOOKS: Readonly<Record<SubscriptionState, StatusLook>> = {
  running: { look: "running", icon: "run", word: "Reading" },
  starting: { look: "ready", icon: "ring", word: "Starting" },
  failing: { look: "retrying", icon: "retry", word: "Failing" },
  paused: { look: "suspended", icon: "pause", word: "Paused" },
};

export function lookOfSubscription(of: SubscriptionInfo): StatusLook {
  if (of.state === undefined) return { look: "cancelled", icon: "in", word: "Delivered" };
  if (of.state === "running" && isSchedule(of)) return { look: "ok", icon: "clock", word: "On" };
  return LOOKS[of.state];
}

/** Above the list: what is wrong first. `rejected`: so many records wait, and `isMore`: at least. */
export function eventsSentence(all: readonly SubscriptionInfo[], rejected: number, isMore: boolean): Said {
  const failing = all.filter(({ state }) => state === "failing").length;
  const paused = all.filter(({ state }) => state === "paused").length;
  const parts = [
    ...(failing === 0
      ? []
      : [` ${failing} ${failing === 1 ? "fails, and is" : "fail, and are"} tried again.`]),
    ...(paused === 0 ? [] : [` ${paused} ${paused === 1 ? "is" : "are"} paused.`]),
    ...(rejected === 0
      ? []
      : [
          ` ${isMore ? "At least " : ""}${counted(rejected, "record")} ${rejected === 1 ? "was" : "were"} set aside, and ${rejected === 1 ? "waits" : "wait"} for you.`,
        ]),
  ];
  return [
    [`${counted(all.length, "subscription")}.`, true],
    ...(parts.length === 0 ? [" Nothing is wrong."] : parts),
  ];
}

/** Above one of them. */
export function subscriptionSentence(of: SubscriptionInfo, nowMs: number): Said {
  if (of.state === "paused")
    return [
      ["It is paused.", true],
      isSchedule(of) ? " No tick is made." : " Nothing is read; the topic keeps its records.",
    ];
  if (of.state === "failing")
    return [["It fails, and is tried again.", true], " Nothing is lost: what is not accepted is read again."];
  if (isSchedule(of)) {
    const due =
      of.nextTickMs === undefined
        ? " There is no next tick."
        : ` The next tick is ${dueIn(of.nextTickMs, nowMs)}.`;
    return of.isReadHere
      ? [["This server makes its ticks.", true], due]
      : ["Its ticks are made elsewhere.", due];
  }
  if (of.state === "starting") return [["It joins its group.", true]];
  if (of.isReadHere) return [["It reads its topic", true], `${lagInWords(of.lag)}.`];
  return ["This server does not read its source. ", ["It takes what is delivered.", true]];
}

const lagInWords = (lag: number | undefined): string =>
  lag === undefined
    ? ""
    : lag === 0
      ? ", and has accepted all of it"
      : `, and is ${counted(lag, "record")} behind`;

const dueIn = (dueMs: number, nowMs: number): string =>
  dueMs <= nowMs ? "due now" : `due in ${ticking(dueMs - nowMs + 999)}`;

const MINUTE = 60;
/** Records a second, of the last minute. */
export function rateInWords(lastMinute: number | undefined): string {
  if (lastMinute === undefined) return "";
  if (lastMinute === 0) return "0/s";
  return lastMinute < MINUTE ? `${lastMinute}/min` : `${Number((lastMinute / MINUTE).toPrecision(2))}/s`;
}

/** `12 accepted, 1 set aside`: what there is none of is left out. */
export function countsInWords({ counts }: SubscriptionInfo): string {
  if (counts === undefined) return "not counted here";
  const { accepted, repeated, rejected, failed } = counts;
  const said = [
    `${accepted.toLocaleString("en-GB")} accepted`,
    ...(repeated === 0 ? [] : [`${repeated.toLocaleString("en-GB")} repeated`]),
    ...(rejected === 0 ? [] : [`${rejected.toLocaleString("en-GB")} set aside`]),
    ...(failed === 0 ? [] : [`${failed.toLocaleString("en-GB")} to come again`]),
  ];
  return said.join(", ");
}

/** Of a lane: `0 to 499, 600 to 699`. */
export const leftOutInWords = ({ leftOut }: Lane): string =>
  leftOut.map(({ from, to }) => (from === to ? from : `${from} to ${to}`)).join(", ");

export const agoInWords = (ms: number): string =>
  ms < 1000 ? "just now" : `${duration(Math.floor(ms / 1000) * 1000)} ago`;

/** Why a record was set aside, for a badge. */
const REASONS: Readonly<Record<string, string>> = {
  unreadable: "cannot be read",
  "no-key": "no key",
  "bad-key": "bad key",
  "too-large": "too large",
  "headers-too-large": "headers too large",
  "in-doubt": "in doubt",
};
export const reasonInWords = (reason: string): string => REASONS[reason] ?? reason.replaceAll("-", " ");
