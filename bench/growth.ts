/** How cost and time grow with what is kept: journals, state, invocations, backlogs. */
import { backlogGrowth } from "./growth/backlog.ts";
import { listingGrowth } from "./growth/listing.ts";
import { pauses } from "./growth/pauses.ts";
import { replayMemory } from "./growth/replay-memory.ts";
import { resumeGrowth } from "./growth/resume.ts";
import { slowTurns } from "./growth/slow-turns.ts";
import { stateGrowth } from "./growth/state.ts";
import type { Bench } from "./report/bench.ts";

export const growth: readonly Bench[] = [
  {
    name: "resume",
    question: "How does resuming grow with the journal, beside Restate's SDK?",
    needsPeers: true,
    run: resumeGrowth,
  },
  {
    name: "replay-memory",
    question: "What does resuming a large journal read, and how much memory does it take?",
    needsPeers: false,
    run: replayMemory,
  },
  {
    name: "state",
    question: "How does an object's handler grow with its state?",
    needsPeers: false,
    run: stateGrowth,
  },
  {
    name: "listing",
    question: "How does listing grow with the invocations that are kept?",
    needsPeers: false,
    run: listingGrowth,
  },
  {
    name: "pauses",
    question: "How long does the local server stand still when many invocations are kept?",
    needsPeers: false,
    run: pauses,
  },
  {
    name: "backlog",
    question: "How fast does a backlog drain, and who waits for it?",
    needsPeers: false,
    run: backlogGrowth,
  },
  {
    name: "slow-turns",
    question: "What does a turn of a minute cost, and who waits beside many of them?",
    needsPeers: false,
    run: slowTurns,
  },
];
