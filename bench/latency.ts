/**
 * How long a client waits. This is a model, not a measurement of AWS.
 *
 * Each request of an adapter takes a time from model/latencies.json, drawn from a fixed seed, in virtual time. The peers'
 * figures come from the same model, applied to the calls that the benchmark "cost" has counted.
 */
import * as perdure from "perdure/restate";
import { Account } from "./model/account.ts";
import { type Latency, LATENCIES, sampled } from "./model/latency.ts";
import { type DurableCost, measureDurable } from "./peers/durable.ts";
import { MACHINES } from "./peers/step-functions.ts";
import type { Bench, Result } from "./report/bench.ts";
import { quantileOf } from "./report/statistics.ts";
import type { Cell, Table } from "./report/table.ts";
import { servicesOf } from "./workloads/services.ts";
import { type Workload, WORKLOADS } from "./workloads/workloads.ts";

const SEED = 20_260_101;
const USES = 1600;
/** Of the largest workloads. */
const USES_OF_LARGE = 60;
const PEER_USES = 4000;

/** Workloads whose client waits for the result; the others' clients are answered when the request is accepted. */
const waitsForResult = ({ name }: Workload): boolean => !/sleep|send|awakeable|promise/.test(name);

export interface WorkloadLatency {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
}

async function measureOurs(workload: Workload): Promise<WorkloadLatency> {
  const account = await Account.open({ services: servicesOf(perdure), latency: sampled(SEED) });
  const { before, atOnceMax } = workload;
  const uses = atOnceMax === undefined ? USES : USES_OF_LARGE;
  const waits: number[] = [];
  if (before) await account.measure(() => before(account, 0));
  for (let n = 0; n < uses; n++) {
    // A minute has passed, until the last one's guard was looked at.
    await account.warm();
    await account.measure(async () => waits.push(await workload.run(account, before ? 0 : n)));
  }
  return { name: workload.name, p50: quantileOf(waits, 0.5), p99: quantileOf(waits, 0.99) };
}

/** A peer's waits, one after the other: each hop drawn as often as the peer makes the call. */
function modelled(hops: (latency: Latency) => number): readonly [number, number] {
  const latency = sampled(SEED);
  const waits = Array.from({ length: PEER_USES }, () => hops(latency));
  return [quantileOf(waits, 0.5), quantileOf(waits, 0.99)];
}

const repeated = (latency: Latency, hop: Parameters<Latency>[0], count: number): number => {
  let ms = 0;
  for (let n = 0; n < count; n++) ms += latency(hop);
  return ms;
};

const HANDLER_MS = 3;

/** Invoked directly, then one checkpoint after another. The published time of a step includes its checkpoint. */
const durableOf = ({ checkpoints }: DurableCost): readonly [number, number] =>
  modelled(
    (latency) => latency("lambda.invoke") + HANDLER_MS + repeated(latency, "durable.step", checkpoints),
  );

/** A request to its server, and the handler invoked once for each step and once for the end. */
const restateOf = (invocations: number): readonly [number, number] =>
  modelled((latency) => repeated(latency, "lambda.invoke", invocations) + invocations * HANDLER_MS);

const stepFunctionsOf = (transitions: number): readonly [number, number] =>
  modelled(
    (latency) =>
      latency("stepFunctions.start") + repeated(latency, "lambda.invoke", Math.max(0, transitions - 1)),
  );

/** Restate's handler invocations for workloads whose calls follow one another, as "cost" counts them. */
const RESTATE_IN_A_ROW: Readonly<Record<string, number>> = {
  "no-op service call": 1,
  "10 sequential steps": 11,
  "100 sequential steps": 101,
  "10 parallel steps": 2,
  "object add": 1,
  "object of 1,000 keys, reads 3": 1,
  "10 lazy state reads": 11,
  "saga, 5 steps, compensates": 10,
  "chain of 10 calls": 21,
};
const DURABLE_IN_A_ROW = [
  "no-op service call",
  "10 sequential steps",
  "100 sequential steps",
  "10 parallel steps",
  "saga, 5 steps, compensates",
];

async function run({ progress }: Parameters<Bench["run"]>[0]): Promise<Result> {
  const ours: WorkloadLatency[] = [];
  for (const workload of WORKLOADS) {
    progress(workload.name);
    ours.push(await measureOurs(workload));
  }
  progress("the calls of AWS's durable execution SDK");
  const durable = await measureDurable();
  const rows = WORKLOADS.map((workload, index): Cell[] => {
    const { name } = workload;
    const own = ours[index];
    const restate = RESTATE_IN_A_ROW[name];
    const execution = DURABLE_IN_A_ROW.includes(name) ? durable.get(name) : undefined;
    const machine = DURABLE_IN_A_ROW.includes(name) ? MACHINES[name] : undefined;
    return [
      name,
      waitsForResult(workload) ? "the result" : "acceptance",
      own?.p50 ?? null,
      own?.p99 ?? null,
      ...(restate === undefined ? [null, null] : restateOf(restate)),
      ...(execution === undefined ? [null, null] : durableOf(execution)),
      ...(machine === undefined ? [null, null] : stepFunctionsOf(machine.transitions)),
    ];
  });
  return { tables: [latencyTable(rows), modelTable()], data: { seed: SEED, ours } };
}

const latencyTable = (rows: Table["rows"]): Table => ({
  id: "latency",
  title: "Milliseconds until the client has its answer, by the model of AWS's latencies",
  columns: [
    "workload",
    "waits for",
    "ours p50",
    "p99",
    "Restate on Lambda p50",
    "p99",
    "durable functions p50",
    "p99",
    "Step Functions p50",
    "p99",
  ],
  rows,
  notes: [
    `A model, not a measurement of AWS: ${USES} uses each (${USES_OF_LARGE} of the largest) from seed ${SEED}, warm functions, one use at a time.`,
    "Ours from the HTTP API on. Restate without its server's own time; durable functions invoked directly; Step Functions' transitions beyond the start without their own time: what is not known is left out in their favour.",
    "–: not modelled, since its calls do not follow one after the other, or cannot be expressed.",
  ],
});

const modelTable = (): Table => ({
  id: "latency-model",
  title: "The model",
  columns: ["hop", "p50 ms", "p99 ms", "source"],
  rows: Object.entries(LATENCIES).flatMap(([hop, held]) => {
    if (typeof held === "string") return [];
    const { quantiles, source } = held;
    const at = (wanted: number): number | null =>
      quantiles.find(([quantile]) => quantile >= wanted)?.[1] ?? null;
    return [[hop, at(0.5), at(0.99), source]];
  }),
});

export const latency: Bench = {
  name: "latency",
  question: "How long does a client wait, by a model of AWS's latencies?",
  needsPeers: true,
  run,
};
