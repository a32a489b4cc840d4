/** In which runs a planted bug is searched for, by its name: those in which it can show. All others are searched for in all runs. */
import type { Aim } from "./aim.ts";

const NO_FAULTS: Aim["faults"] = {};

export const AIMS: Readonly<Record<string, Aim>> = {
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
