/**
 * What happens to an invocation, by its status: one row for each event, one column for each status.
 *
 * Job: dispatcher, admin API, reconciler and door ask here what an event means, so that they cannot differ.
 * Boundary: how it is done is theirs, and the writes are in lib/store/head/. The conditions of the cells that end in
 * `-if-…` are at the end of this file. Not in the table: a turn's append, which `whileAt` refuses of what is paused or has ended.
 *
 * Whether there is a head at all, of this incarnation and not expired, is asked before (R10).
 */
import {
  NOTES_BYTES_MAX,
  NOTES_FEW_MAX,
  NOTES_HELD_BYTES_MAX,
  NOTES_HELD_MAX,
  NOTES_MAX,
  OVERDUE_MS,
  STALE_MS,
} from "../limits.ts";
import { encodeNote, type Note } from "./entry.ts";
import type { Head, Status } from "./head.ts";
import { sizeOfValue } from "./item.ts";
import { canProgress, leavesOf } from "./wait.ts";

type Cells<Action> = readonly [Action, Action, Action, Action, Action, Action, Action, Action];

const row = <const Action extends string>(
  ...[scheduled, accepted, pending, running, suspended, backingOff, paused, completed]: Cells<Action>
): Readonly<Record<Status, Action>> => ({
  ...{ scheduled, accepted, pending, running, suspended, "backing-off": backingOff, paused, completed },
});

// prettier-ignore
export const ON = {
  //                         scheduled       accepted     pending      running      suspended             backing-off     paused       completed

  // --- messages, in the dispatcher ---

  /** A message looks at it: a Start that may have come before, a hand-off, a timer, a poke. `hold`: it keeps its key. */
  look:                  row("run-if-due",   "run",       "run",       "run",       "run-if-it-can",      "run-if-due",   "hold",      "pass-on"),
  /** The same message in the note lane. `enter`: that is for where Starts come (R19). */
  noteLane:              row("enter",        "enter",     "enter",     "look",      "look",               "look",         "look",      "look"),
  /** Before that: are the outputs of its last append done again (R2)? `running`: its turn has died. */
  outputs:               row("in-doubt",     "in-doubt",  "in-doubt",  "again",     "in-doubt",           "in-doubt",     "in-doubt",  "again"),
  /** A note comes that is not a cancellation. `ride`: with it a turn begins; else it is added to the list. */
  note:                  row("add",          "add",       "add",       "add",       "ride-if-it-can",     "add",          "add",       "drop"),
  /** A cancellation comes. `end-if-…`: no turn of it can run, so it ends without its code. Else a turn that runs hears it (R18), and
   * one that has not begun ends when its message comes. */
  cancellation:          row("end-if-early", "add",       "end-if-parked", "add",       "ride-if-it-can",     "add",          "add",       "drop"),
  /** A note was added. The status is that of then: it may have suspended since it was read. No lost wake-up (R9). */
  noteAdded:             row("leave",        "leave",     "leave",     "leave",     "look-if-it-can",     "leave",        "leave",     "leave"),
  cancellationAdded:     row("end-if-early", "leave",     "end-if-parked", "leave",     "look-if-it-can",     "release",      "release",   "leave"),
  /** `follow`: it was ended by the admin API, as a rule. What follows from that is still to be done (R12). */
  kill:                  row("end",          "end",       "end",       "end",       "end",                "end",          "end",       "follow"),
  /** Another invocation wants its result. */
  attach:                row("register",     "register",  "register",  "register",  "register",           "register",     "register",  "reply"),
  /** A delayed Start registers it, perhaps again. */
  register:              row("set-timer",    "leave",     "leave",     "leave",     "leave",              "leave",        "leave",     "leave"),
  /** A timer's message comes before its time. */
  early:                 row("set-timer",    "set-timer", "set-timer", "set-timer", "set-timer",          "set-timer",    "set-timer", "look"),
  /** A resume is delivered once more that came too early before: its place in the queue is lost (W2). */
  redelivered:           row("send-anew",    "look",      "look",      "look",      "look",               "look",         "look",      "look"),
  /** An operator's resume is delivered. */
  released:              row("look",         "look",      "look",      "look",      "look",               "release",      "release",   "look"),
  /** The key was handed to it, and the message that says so is delivered, the first time. */
  handed:                row("leave",        "leave",     "run",       "run",       "leave",              "leave",        "leave",     "pass-on"),
  /** It owns a lock that somebody else wants. `wake`: it was handed the key, and perhaps never told. */
  owner:                 row("leave",        "wake",      "wake",      "leave",     "leave",              "leave",        "leave",     "pass-on"),

  // --- requests, in the admin API and at the door ---

  /** Cancel or kill. */
  command:               row("send",         "send",      "send",      "send",      "send",               "send",         "send",      "refuse"),
  pause:                 row("refuse",       "refuse",    "refuse",    "pause",     "pause",              "pause",        "is-paused", "refuse"),
  resume:                row("not-begun",    "not-begun", "not-begun", "refuse",    "resume",             "resume",       "resume",    "refuse"),
  /** Only of a paused one, of which no turn can append. */
  repin:                 row("refuse",       "refuse",    "refuse",    "refuse",    "refuse",             "refuse",       "repin",     "refuse"),
  /** Other code takes over, and fits its journal. */
  move:                  row("stay",         "stay",      "stay",      "stay",      "move",               "move",         "move",      "stay"),
  restart:               row("not-begun",    "not-begun", "not-begun", "refuse",    "refuse",             "refuse",       "refuse",    "restart"),
  purge:                 row("refuse",       "refuse",    "refuse",    "refuse",    "refuse",             "refuse",       "refuse",    "purge"),
  /** The request that made it comes again (R11). */
  repeat:                row("send-again",   "send-again", "leave",    "leave",     "leave",              "leave",        "leave",     "leave"),

  // --- the reconciler ---

  /** Should it have moved by now (L1)? */
  overdue:               row("if-late",      "if-stale",  "if-stale",  "if-stale",  "if-stale-or-late",   "if-late",      "never",     "never"),
  /** The mailbox has given up delivering a message to it (R16). `look`: what its end has caused may be missing (R2). */
  undelivered:           row("pause",        "pause",     "pause",     "pause",     "pause",              "pause",        "leave",     "look"),
  /** Is the deployment needed that it is pinned to? */
  pinned:                row("needed",       "needed",    "needed",    "needed",    "needed",             "needed",       "needed",    "over"),
} as const satisfies Record<string, Readonly<Record<Status, string>>>;

export type StatusEvent = keyof typeof ON;

const STATUSES: readonly Status[] = [
  ...(["scheduled", "accepted", "pending", "running"] as const),
  ...(["suspended", "backing-off", "paused", "completed"] as const),
];

/** The statuses in which the event has this effect: for the condition of a write. */
export const statusesThat = <E extends StatusEvent>(
  event: E,
  action: (typeof ON)[E][Status],
): readonly Status[] => STATUSES.filter((status) => ON[event][status] === action);

// --- the conditions in the cells ---------------------------------------------------------------------------------

/** It has written nothing. A turn of it may run all the same. */
export const isUnbegun = ({ status, length }: Pick<Head, "status" | "length">): boolean =>
  length === 0 && ON.noteLane[status] === "enter";

/** `-if-due`. Without a time it is due. */
export const isDue = ({ dueAtMs }: Pick<Head, "dueAtMs">, nowMs: number): boolean =>
  dueAtMs === undefined || dueAtMs <= nowMs;

/** `-if-it-can`: what it awaits is there, with these notes; or there are so many notes that a turn should take them into the
 * log, from where they go to pages. The list must not outgrow the item (P1). */
export function canGoOn(
  { wait, notes: listed }: Pick<Head, "wait" | "notes">,
  notes: readonly Note[] = [],
): boolean {
  const arrived = [...listed, ...notes];
  return isMuch(arrived) || (wait !== undefined && canProgress(wait, arrived));
}

const isMuch = (notes: readonly Note[]): boolean =>
  notes.length >= NOTES_FEW_MAX &&
  (notes.length >= NOTES_MAX || sizeOfValue(notes.map(encodeNote)) >= NOTES_BYTES_MAX);

/** Whether the list is too long for these as well (P1). */
export const isFull = ({ notes: listed }: Pick<Head, "notes">, notes: readonly Note[]): boolean =>
  listed.length >= NOTES_FEW_MAX &&
  (listed.length + notes.length > NOTES_HELD_MAX ||
    sizeOfValue([...listed, ...notes].map(encodeNote)) > NOTES_HELD_BYTES_MAX);

/** What `overdue` says, of this head. */
export function isOverdue(head: Head, nowMs: number): boolean {
  const isStale = head.modifiedAtMs < nowMs - STALE_MS;
  switch (ON.overdue[head.status]) {
    case "never":
      return false;
    case "if-late":
      return isLate(head.dueAtMs, nowMs);
    case "if-stale":
      return isStale;
    case "if-stale-or-late":
      if (!head.wait) return false;
      if (canProgress(head.wait, head.notes)) return isStale;
      return leavesOf(head.wait).some((leaf) => leaf.kind === "sleep" && isLate(leaf.dueAtMs, nowMs));
  }
}

const isLate = (dueAtMs: number | undefined, nowMs: number): boolean =>
  dueAtMs !== undefined && dueAtMs < nowMs - OVERDUE_MS;
