/** The local server and Restate's, as a table. */
import { DURABILITY_TEXT, measureLocalSpeed } from "./local-speed.ts";
import type { Bench } from "./report/bench.ts";

export const localSpeed: Bench = {
  name: "local-speed",
  question: "How fast is the local server beside Restate's, on the same machine?",
  needsPeers: true,
  run: async ({ progress }) => {
    const rows = await measureLocalSpeed(progress);
    const table = {
      id: "local-speed",
      title: "The local server beside Restate's",
      columns: [
        "workload",
        "clients",
        "commits",
        "ours, requests/s",
        "p50 ms",
        "p99 ms",
        "Restate, requests/s",
        "p50 ms",
        "p99 ms",
        "ours/theirs",
        "least to most",
        "our CPU ms a request",
        "theirs",
        "theirs/ours",
      ],
      rows: rows.map(({ workload, clients, durability, perdure, restate, ratio }) => [
        workload,
        clients,
        DURABILITY_TEXT[durability],
        Math.round(perdure.perSecond),
        perdure.p50Ms,
        perdure.p99Ms,
        Math.round(restate.perSecond),
        restate.p50Ms,
        restate.p99Ms,
        ratio.median,
        `${ratio.min.toFixed(2)} – ${ratio.max.toFixed(2)}`,
        perdure.cpuMs,
        restate.cpuMs,
        perdure.cpuMs === null || restate.cpuMs === null ? null : restate.cpuMs / perdure.cpuMs,
      ]),
      notes: [
        "Medians of several rounds that take turns; the ratio is of requests per second within a round.",
        "CPU: of the server and of the handlers' process together. It depends less than the times do on what else the machine does, which gives a server with many threads a larger share of it than one with few.",
      ],
    };
    return { tables: [table], data: rows };
  },
};
