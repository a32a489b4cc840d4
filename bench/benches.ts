/** All benchmarks, in the order in which they run. */
import { coldStart } from "./cold-start.ts";
import { cost } from "./cost.ts";
import { events } from "./events.ts";
import { growth } from "./growth.ts";
import { latency } from "./latency.ts";
import { localSpeed } from "./local-speed-table.ts";
import type { Bench } from "./report/bench.ts";
import { testing } from "./testing.ts";

export const benches: readonly Bench[] = [cost, latency, ...growth, coldStart, localSpeed, events, testing];
