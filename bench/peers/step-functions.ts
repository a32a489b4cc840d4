/** Step Functions: the transitions of an equivalent state machine, and how long it runs. This is arithmetic; nothing runs. */
import { COMPUTE_MS, PRICES } from "../model/bill.ts";
import { medians } from "../model/latency.ts";

export interface Machine {
  readonly transitions: number;
  readonly states: string;
  /** How long each of its executions takes as an Express workflow. Absent: Express cannot do it. */
  readonly expressMs?: readonly number[];
}

/** A Task: the handler's function invoked, and at work. */
const TASK_MS = medians("lambda.invoke") + COMPUTE_MS.handler;

function of(transitions: number, states: string, ...expressMs: readonly number[]): Machine {
  return { transitions, states, ...(expressMs.length === 0 ? {} : { expressMs }) };
}
const tasks = (count: number): number => count * TASK_MS;

/** By workload. Workloads that it cannot express are missing. The start and retries are not counted. An Express workflow takes
 * five minutes at the most, waits for no token, and has no name that is taken. */
export const MACHINES: Readonly<Record<string, Machine>> = {
  "no-op service call": of(1, "1 Task", tasks(1)),
  "10 sequential steps": of(10, "10 Tasks", tasks(10)),
  "100 sequential steps": of(100, "100 Tasks", tasks(100)),
  "10 parallel steps": of(11, "1 Parallel + 10 Tasks", tasks(1)),
  "workflow with a promise": of(2, "1 Task + 1 Task that waits for a token"),
  "1-minute sleep": of(1, "1 Wait", 60_000),
  "1-hour sleep": of(1, "1 Wait"),
  "30-day sleep": of(1, "1 Wait"),
  awakeable: of(1, "1 Task that waits for a token"),
  "saga, 5 steps, compensates": of(9, "5 Tasks, caught, + 4 Tasks", tasks(9)),
  // Forty at a time.
  "fan-out to 100 calls": of(101, "1 Map + 100 Tasks", tasks(3)),
  // Each waits for those after it.
  "chain of 10 calls": of(
    11,
    "11 executions of 1 Task each",
    ...Array.from({ length: 11 }, (_, n) => tasks(n + 1)),
  ),
  "one-way send": of(1, "1 Task", tasks(1)),
  "delayed send": of(2, "1 Wait + 1 Task"),
  "idempotent repeat": of(0, "none: the execution's name is taken"),
};

export const dollarsPerMillion = ({ transitions }: Machine): number =>
  transitions * PRICES.peers.stepFunctionsStandard.transition * 1e6;

/** `undefined`: Express cannot do it. */
export function expressDollarsPerMillion({ expressMs }: Machine): number | undefined {
  const { request, gbSecond, billedMs, billedMb } = PRICES.peers.stepFunctionsExpress;
  return expressMs?.reduce((sum, ms) => {
    const billedSeconds = (Math.ceil(ms / billedMs) * billedMs) / 1000;
    return sum + 1e6 * (request + billedSeconds * (billedMb / 1024) * gbSecond);
  }, 0);
}
