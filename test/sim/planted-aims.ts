/** In which runs a planted bug is searched for, by its name: those in which it can show. All others are searched for in all runs. */
import type { Aim } from "./aim.ts";

const NO_FAULTS: Aim["faults"] = {};
/** Deaths of all who see to a turn at the door. */
const DEAD_DOORS: Aim = {
  workload: "at doors",
  faults: { "handler-crash": 0.4, "door-crash": 0.6, "dispatcher-crash": 0.1, stall: 0.02 },
};

export const AIMS: Readonly<Record<string, Aim>> = {
  "a turn at the door starts its steps before its guard is set": DEAD_DOORS,
  "a head that is left open at the door names no guard": DEAD_DOORS,
  "a turn at the door is made known without a guard": DEAD_DOORS,
  "a guard is named before it is set": DEAD_DOORS,
  "a guard that finds what rests or has ended is done": DEAD_DOORS,
  "a head names a guard that is set after it": DEAD_DOORS,
  "repeats send the Start of what runs at the door": { workload: "at doors", faults: NO_FAULTS },
  "what a cancellation has not reached rests": { workload: "cancelled as it rests", faults: NO_FAULTS },
  "a first append does not adopt what came before": { workload: "early notes", faults: NO_FAULTS },
  "what was killed before it began is not answered": {
    workload: "called and cancelled",
    faults: { "dispatcher-crash": 0.5, "visibility-lapsed": 0.3, "ack-lost": 0.2 },
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
};
