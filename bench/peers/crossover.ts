/** How many calls a month cost with Perdure as much as the machines of a Restate server. By arithmetic. */
import { COMPUTE_MS, MEMORY_MB, PRICES } from "../model/bill.ts";
import type { Table } from "../report/table.ts";

/** Dollars per million. */
interface Costs {
  readonly name: string;
  readonly atLoad: { readonly total: number };
}
interface PeerCosts {
  readonly name: string;
  readonly restate: { readonly invocations: number } | undefined;
}

const SECONDS_OF_MONTH = PRICES.peers.ec2.hoursOfMonth * 3600;
export const MACHINE_MONTH = PRICES.peers.ec2.m7gLargeHour * PRICES.peers.ec2.hoursOfMonth;
const MACHINES = [1, 3] as const;

/** What Lambda bills of the handler's invocations, dollars per million calls. */
function lambdaOf(invocations: number): number {
  const gbSeconds = ((COMPUTE_MS.handler / 1000) * MEMORY_MB.handler) / 1024;
  return 1e6 * invocations * (PRICES.lambda.request + gbSeconds * PRICES.lambda.gbSecondArm64);
}

/** Millions of calls a month. `undefined`: never. */
export function crossover(ours: number, theirs: number, machines: number): number | undefined {
  return ours > theirs ? (machines * MACHINE_MONTH) / (ours - theirs) : undefined;
}

export function crossoverTable(costs: readonly Costs[], peers: readonly PeerCosts[]): Table {
  const rows = costs.flatMap(({ name, atLoad }) => {
    const invocations = peers.find((peer) => peer.name === name)?.restate?.invocations;
    if (invocations === undefined) return [];
    const theirs = lambdaOf(invocations);
    const calls = MACHINES.map((machines) => crossover(atLoad.total, theirs, machines) ?? null);
    const perSecond = calls.map((millions) =>
      millions === null ? null : (millions * 1e6) / SECONDS_OF_MONTH,
    );
    return [
      [name, atLoad.total, theirs, ...calls.flatMap((millions, n) => [millions, perSecond[n] ?? null])],
    ];
  });
  const month = MACHINE_MONTH.toFixed(0);
  return {
    id: "crossover",
    title: "From where on a Restate server of one's own is cheaper",
    columns: [
      "workload",
      "ours at load, $/million",
      "Restate's Lambda",
      "one machine: million calls a month",
      "a second",
      "three: million calls a month",
      "a second",
    ],
    rows,
    notes: [
      `Machines: m7g.large, $${PRICES.peers.ec2.m7gLargeHour} an hour on demand, $${month} a month each; three keep the data if one is lost. Without discs, load balancers, traffic between zones, and the work of running them.`,
      "Restate's Lambda: its invocations of the handler, 3 ms each. Whether one machine can do so many a second is not asked here.",
      "Ours at load, with the HTTP API and without logs.",
    ],
  };
}
