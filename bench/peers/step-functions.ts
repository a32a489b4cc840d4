/** Step Functions Standard: the transitions of an equivalent state machine. This is arithmetic; nothing runs. */
import { PRICES } from "../model/bill.ts";

export interface Machine {
  readonly transitions: number;
  readonly states: string;
}

const of = (transitions: number, states: string): Machine => ({ transitions, states });

/** By workload. Workloads that it cannot express are missing. The start and retries are not counted. */
export const MACHINES: Readonly<Record<string, Machine>> = {
  "no-op service call": of(1, "1 Task"),
  "10 sequential steps": of(10, "10 Tasks"),
  "100 sequential steps": of(100, "100 Tasks"),
  "10 parallel steps": of(11, "1 Parallel + 10 Tasks"),
  "workflow with a promise": of(2, "1 Task + 1 Task that waits for a token"),
  "1-minute sleep": of(1, "1 Wait"),
  "1-hour sleep": of(1, "1 Wait"),
  "30-day sleep": of(1, "1 Wait"),
  awakeable: of(1, "1 Task that waits for a token"),
  "saga, 5 steps, compensates": of(9, "5 Tasks, caught, + 4 Tasks"),
  "fan-out to 100 calls": of(101, "1 Map + 100 Tasks"),
  "chain of 10 calls": of(11, "11 executions of 1 Task each"),
  "one-way send": of(1, "1 Task"),
  "delayed send": of(2, "1 Wait + 1 Task"),
  "idempotent repeat": of(0, "none: the execution's name is taken"),
};

export const dollarsPerMillion = ({ transitions }: Machine): number =>
  transitions * PRICES.peers.stepFunctionsStandard.transition * 1e6;
