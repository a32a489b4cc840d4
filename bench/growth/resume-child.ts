/**
 * Resumes one invocation in a process of its own, and prints time, reads, bytes and memory as JSON. The argument is the
 * number of entries in its journal. Needs --expose-gc.
 */
import * as perdure from "perdure/restate";
import { Account } from "../model/account.ts";
import { type Pass, resumable } from "./handlers.ts";

export interface Resumed {
  readonly entries: number;
  /** The whole turn: decoding, loading, replay, the end. */
  readonly turnMs: number;
  /** The handler's own code, from its first line to the first line after its steps. */
  readonly replayMs: number;
  readonly replayCpuMs: number;
  readonly readUnits: number;
  readonly reads: number;
  readonly bytesToHandler: number;
  /** The highest heap, minus the heap before. */
  readonly peakBytes: number;
}

const SAMPLE_MS = 2;

const entries = Number(process.argv[2]);
const passes: Pass[] = [];
const turns: { ms: number; bytes: number }[] = [];
const account = await Account.open({
  services: [resumable(perdure, (pass) => void passes.push(pass))],
  observeTurn: (turn) => void turns.push(turn),
});
await account.measure(() => account.http("/Growth/resume/send", entries));
const awakeable = passes.at(-1)?.awakeable ?? "";
const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error("needs node --expose-gc");
collect();
const before = process.memoryUsage().heapUsed;
let peak = before;
const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().heapUsed)), SAMPLE_MS);
const usage = await account.measure(() => account.http(`/restate/awakeables/${awakeable}/resolve`, "yes"));
clearInterval(sampling);
if (passes.length < 2) throw new Error("it was not resumed");
const resumed: Resumed = {
  entries,
  turnMs: turns.at(-1)?.ms ?? Number.NaN,
  replayMs: passes.at(-1)?.ms ?? Number.NaN,
  replayCpuMs: passes.at(-1)?.cpuMs ?? Number.NaN,
  readUnits: usage.readUnits,
  reads: usage.reads,
  bytesToHandler: usage.bytesToHandlers,
  peakBytes: peak - before,
};
console.log(JSON.stringify(resumed));
