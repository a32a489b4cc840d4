/** In which runs a planted bug is searched for, by its name: those in which it can show. All others are searched for in all runs. */
import type { Aim } from "./aim.ts";
import { SOURCE_AIMS } from "./planted-sources.ts";
import { TRANSACTION_AIMS } from "./planted-transactions.ts";

const NO_FAULTS: Aim["faults"] = {};
/** Deaths of all who see to a turn at the door. */
const DEAD_DOORS: Aim = {
  workload: "at doors",
  faults: { "handler-crash": 0.4, "door-crash": 0.6, "dispatcher-crash": 0.1, stall: 0.02 },
};
/** Deaths of callers and of those that they have called. */
const DEAD_CALLS: Aim = {
  workload: "called in memory",
  faults: { "handler-crash": 0.5, "door-crash": 0.6, "invoke-lost": 0.2, "handler-crash-at-end": 0.3 },
};
/** Callers that hear nothing of those that they have called, which die. */
const UNHEARD_CALLS: Aim = {
  workload: "called in memory",
  faults: { "handler-crash": 0.3, "invoke-lost": 0.8 },
};
/** Messages that come again while they are worked on, and dispatchers that die. */
const ZOMBIES: Aim["faults"] = {
  stall: 0.05,
  "dispatcher-crash": 0.2,
  "visibility-lapsed": 0.3,
  "early-redelivery": 0.3,
};

/** Deaths of turns that were let go of, and of their dispatchers. */
const DEAD_LONG_TURNS: Aim = {
  workload: "let go",
  faults: { "handler-timeout": 0.3, "handler-crash": 0.3, "dispatcher-crash": 0.1, "answer-lost": 0.03 },
};

/** Services that move while everything runs (docs/decisions/0023). */
const MOVES: Aim = { moves: true };
/** Found before the timers' function took part, and rare: they are searched for without it. */
const DIRECT: Aim = { directTimers: true };
const MOVES_AND_DEATHS: Aim = {
  moves: true,
  faults: { "dispatcher-crash": 0.3, "early-redelivery": 0.3, "visibility-lapsed": 0.2, unavailable: 0.03 },
};

/** Guards in a table, and deaths of the turns that have them. */
const GUARD_TABLE: Aim = { ...DEAD_DOORS, guardTable: true };
const GUARD_TABLE_AND_DEAD_PASSES: Aim = {
  guardTable: true,
  workload: "let go",
  faults: {
    "handler-timeout": 0.3,
    "handler-crash": 0.3,
    "dispatcher-crash": 0.1,
    "timers-crash": 0.3,
    unavailable: 0.05,
    "timer-late": 0.3,
  },
};

export const AIMS: Readonly<Record<string, Aim>> = {
  ...SOURCE_AIMS,
  ...TRANSACTION_AIMS,
  "messages are sent on as soon as their service is held": { ...MOVES, ...DIRECT },
  "what a turn may be sending is sent beside it under another name": DIRECT,
  "what acts for a message leaves what an earlier one of its lane has run": DIRECT,
  "messages of a service that is held are handled here": MOVES,
  "what was handed out before is not in doubt in an own mailbox": MOVES_AND_DEATHS,
  "an own mailbox gives places of its own": MOVES,
  "what could not be sent on is deleted": MOVES,
  "a service goes back although its mailbox is not empty": MOVES,
  "a turn at the door starts its steps before its guard is set": DEAD_DOORS,
  "a head that is left open at the door names no guard": DEAD_DOORS,
  "a turn at the door is made known without a guard": DEAD_DOORS,
  "a guard is named before it is set": DEAD_DOORS,
  "a guard that finds what rests or has ended is done": DEAD_DOORS,
  "a head names a guard that is set after it": DEAD_DOORS,
  "a long turn names a guard that is not there": DEAD_LONG_TURNS,
  "a dispatcher lets go of a turn before the head names its guard": DEAD_LONG_TURNS,
  "a long turn is let go of while it has notes that are nowhere else": DEAD_LONG_TURNS,
  "a long turn's head does not hold the input": DEAD_LONG_TURNS,
  "a long turn's suspension names the lane that it was begun in": {
    workload: "let go",
    faults: {
      stall: 0.06,
      "dispatcher-crash": 0.2,
      "handler-crash": 0.3,
      unavailable: 0.04,
      "visibility-lapsed": 0.3,
      "early-redelivery": 0.3,
      "ack-lost": 0.2,
      redelivered: 0.2,
      "timer-doubled": 0.3,
      "answer-lost": 0.03,
      "stale-look": 0.4,
    },
  },
  "a turn that may have named its guard says that it has": {
    workload: "let go",
    faults: { "answer-lost": 0.1, unavailable: 0.1, "late-effect": 0.1, "dispatcher-crash": 0.1 },
  },
  "a long turn does not take its key's lock": { workload: "let go", faults: NO_FAULTS },
  "a long turn does not renew its guard": { workload: "let go", faults: NO_FAULTS },
  "who goes on with a caller does not act for its callee's guard": DEAD_CALLS,
  "a call in memory is vouched for by a name that its callee does not know": UNHEARD_CALLS,
  "a guard of what has ended is dropped, whatever caller it bears": UNHEARD_CALLS,
  "a guard of what is open is dropped": DEAD_DOORS,
  "a guard counts as set before it is in the table": GUARD_TABLE,
  "a pass is done before its guards are forwarded": GUARD_TABLE_AND_DEAD_PASSES,
  "a pass does not begin where the last one has ended": GUARD_TABLE_AND_DEAD_PASSES,
  "a pass that failed is said to be done": GUARD_TABLE_AND_DEAD_PASSES,
  "a pass leaves out what a page does not hold": GUARD_TABLE_AND_DEAD_PASSES,
  "a guard is due when no pass is promised any more": GUARD_TABLE_AND_DEAD_PASSES,
  "passes end when one has found nothing": GUARD_TABLE_AND_DEAD_PASSES,
  "a pass is done before the next one is sent": GUARD_TABLE_AND_DEAD_PASSES,
  "a timer is done before it is a message": { workload: "sleeping writers", faults: { unavailable: 0.1 } },
  "repeats send the Start of what runs at the door": { workload: "at doors", faults: NO_FAULTS },
  "what a cancellation has not reached rests": { workload: "cancelled as it rests", faults: NO_FAULTS },
  "a first append does not adopt what came before": { workload: "early notes", faults: NO_FAULTS },
  "a move does not stop the turn that runs": { workload: "people", draws: ["movesAtMs"] },
  "a cancellation that an append brings does not stop the step behind it": { workload: "people" },
  "what was killed before it began is not answered": {
    workload: "called and cancelled",
    faults: { "dispatcher-crash": 0.5, "visibility-lapsed": 0.3, "ack-lost": 0.2 },
  },
  "who parks, rests or registers does not adopt what came before": {
    workload: "called and cancelled",
    faults: { "dispatcher-crash": 0.5, "visibility-lapsed": 0.3, "ack-lost": 0.2 },
  },
  "what ran under a message that died is not looked after": {
    ...DIRECT,
    workload: "drained",
    faults: { "dispatcher-crash": 0.3, unavailable: 0.04, "handler-crash": 0.3, "ack-lost": 0.2 },
  },
  "a signal that was delivered twice is taken twice": {
    workload: "slow signals",
    faults: { "ack-lost": 0.6, redelivered: 0.5 },
  },
  "a wake that finds its owner ended passes nothing on": {
    workload: "drained and ended",
    faults: { stall: 0.05, "dispatcher-crash": 0.1 },
  },
  "one that was cancelled before it began keeps its key": {
    workload: "drained and ended",
    faults: { stall: 0.05, "dispatcher-crash": 0.1 },
  },
  "a resume runs what another message vouches for": { workload: "paused and resumed", faults: NO_FAULTS },
  "who waits for a promise that was just completed is not told": {
    workload: "promises in time",
    faults: { "cold-start": 0.1 },
  },
  "a drained invocation's doubt is forgotten": {
    workload: "drained",
    faults: { unavailable: 0.04, "handler-crash": 0.2, "answer-lost": 0.04 },
  },
  "the chunk that vouches for all others is written first": {
    workload: "long inputs",
    faults: { "dispatcher-crash": 0.5, "handler-crash": 0.5 },
  },
  "a kill of what has no head is acknowledged before it is written": {
    workload: "killed at once",
    faults: { stall: 0.1, "invoke-throttled": 0.1 },
  },
  "of several deliveries of one signal a restart takes one along": {
    workload: "restarted among signals",
    faults: NO_FAULTS,
  },
  "a restart goes on from behind a read that was dropped": { workload: "restarted", faults: NO_FAULTS },
  "an edit of state does not wait its turn": { workload: "edited", faults: { "timer-late": 1 } },
  "an edit of state forgets what was there": { workload: "edited", faults: NO_FAULTS },
  "a dead letter is not looked at": {
    workload: "given up",
    faults: { "dispatcher-crash": 0.7, "ack-lost": 0.4, reconciler: 1 },
  },
  "an end in several appends drops its reads": {
    workload: "long end",
    faults: { "handler-crash": 0.6, "handler-out-of-memory": 0.2 },
  },
  "what is appended in parts has a read behind a later write": {
    workload: "read beside writes",
    faults: { "handler-crash": 0.6 },
  },
  "what has ended without its state leaves its key": {
    workload: "given up unwritten",
    faults: { unavailable: 0.15, "dispatcher-crash": 0.2, reconciler: 1 },
  },
  "a newcomer wakes an owner that has been woken": { workload: "busy key" },
  "an owner that runs under another message is woken": { workload: "killed in turn", faults: NO_FAULTS },
  "a deduplication id that is the same for every wake": { workload: "busy key" },
  "what has ended an invocation does not look who has its key": {
    workload: "drained and ended",
    faults: ZOMBIES,
  },
  "what has not ended the owner says that the next one runs under it": {
    workload: "drained and ended",
    faults: ZOMBIES,
  },
  "a lock that a zombie has left with an owner that has ended": {
    workload: "drained and ended",
    faults: ZOMBIES,
  },
  "the token is taken from the message at hand": { workload: "sleeping writers", faults: NO_FAULTS },
  "a reply that a crash has swallowed is not sent again": {
    workload: "long inputs",
    faults: { "dispatcher-crash": 0.5, "handler-crash-at-end": 0.5 },
  },
  "one parks behind a lock that was taken once more": {
    workload: "parked as it ends",
    faults: { stall: 0.04, "late-effect": 0.12 },
  },
  "a turn that a pause has refused is refused for good": {
    workload: "paused under an old message",
    faults: { unavailable: 0.25 },
  },
  "what another dispatcher has brought to rest is taken for what the turn has left": {
    ...DIRECT,
    workload: "drifting",
    faults: { "handler-crash": 0.5, stall: 0.1, "visibility-lapsed": 0.3 },
  },
  "a slow dispatcher runs an owner that has run since": {
    workload: "drifting",
    faults: { "handler-crash": 0.5, stall: 0.1, "visibility-lapsed": 0.3 },
  },
  "a note lane runs what does not own its key": {
    workload: "given up among others",
    faults: { "dispatcher-crash": 0.3, unavailable: 0.05, reconciler: 1 },
  },
  "a Start of a life that is over runs once more": {
    workload: "lives of one id",
    faults: { redelivered: 0.8 },
  },
  "a note goes on before the other lane's outputs are done": {
    workload: "woken before its outputs",
    faults: { stall: 0.1 },
  },
  "a purge beside a restart is a fault of the engine": {
    workload: "purged and restarted",
    faults: NO_FAULTS,
  },
  "a request takes the place of a life that has come and been purged since it stored its input": {
    workload: "purged and asked for again",
    faults: { stall: 0.1 },
  },
  "an attempt goes on with another life of its id": {
    workload: "purged and asked for again",
    faults: { stall: 0.1 },
  },
  "a purge goes on when another one has let the next life begin": {
    workload: "purged and asked for again",
    faults: { stall: 0.1 },
  },
  "a restart does the old one's outputs again": {
    workload: "restarted and parked",
    faults: { unavailable: 0.1, "dispatcher-crash": 0.3 },
  },
  "what the mailbox gave up is resumed as if its outputs were done": {
    workload: "given up alone",
    faults: { unavailable: 0.15, "handler-crash": 0.9, "dispatcher-crash": 0.4 },
  },
  "what has not begun takes its key while it is paused": {
    workload: "given up in pairs",
    faults: { unavailable: 0.2, "dispatcher-crash": 0.8 },
  },
  "a redelivered resume gets a new token, although the lock has its old one": {
    workload: "delayed",
    faults: { unavailable: 0.15, "handler-crash": 0.8 },
  },
  "what is suspended is run by any message that looks at it": {
    workload: "suspended and woken",
    faults: ZOMBIES,
  },
};

/** Those that no run catches today, and why. A test of the dispatcher catches each one (test/mutate/mutations.ts). */
export const UNCAUGHT: Readonly<Record<string, string>> = {
  "of notes that are handled together the first one vouches for all":
    "seed 807058 caught it, until turns were let go of after a quarter of a second",
  "a poke runs what has its input in its Start alone":
    "a seed caught it, until turns were let go of after a quarter of a second: their heads have the input then",
  "what is held takes its key when its place is gone":
    "seed 9584 caught it, until what rests could move between builds in the same runs",
  "what is suspended is run by any message that looks at it":
    "it needs a dispatcher that stands still between a receipt and its first request, and then dies with its turn",
  "what the mailbox gave up is resumed as if its outputs were done":
    "it needs a turn and two dispatchers that die between a suspension and its outputs, and nothing else that fails",
  "what is held before it begins takes the key of another owner":
    "seed 95169 caught it, until what was passed took a later place; now it needs one that is held as the key is handed on",
  "what has not begun takes its key while it is paused":
    "its third aimed seed caught it, until what is held takes the key from no owner that has not ended: now it only takes a free one early",
  "how one turn has ended counts for the next owner of its key":
    "seeds 711182 and 710089 caught it, until attempts that run longer than a second were counted; now it needs another turn that dies unheard, and whose key is handed on in the same delivery",
  "what was passed while it waited begins with its old token":
    "seed 700994 caught it, until what is refused with an old token passed its key on and took a later place (taken-late.ts)",
  "a redelivered resume gets a new token, although the lock has its old one":
    "it needs a turn that dies between the lock and its first append, and whose message gives its place up at once",
  "a long turn's suspension names the lane that it was begun in":
    "it needs a note that comes between the suspension and its outputs, of a turn that then dies, and a woken turn that rests again",
  "a long turn is let go of while it has notes that are nowhere else":
    "it needs a cancellation that the code cannot hear, which rides with other notes into a turn that dies once it is let go of",
};
