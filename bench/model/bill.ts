/** What was used, and what AWS bills for it. */
import { readFileSync } from "node:fs";

interface Prices {
  readonly dynamodb: { readonly writeRequestUnit: number; readonly readRequestUnit: number };
  readonly sqs: {
    readonly fifoRequest: number;
    readonly standardRequest: number;
    readonly billedChunkKb: number;
  };
  readonly lambda: { readonly request: number; readonly gbSecondArm64: number };
  readonly scheduler: { readonly invocation: number };
  readonly apiGateway: { readonly httpApiRequest: number };
  readonly cloudWatch: { readonly logGb: number };
  readonly peers: {
    readonly lambdaDurableFunctions: { readonly operation: number; readonly gbWritten: number };
    readonly stepFunctionsStandard: { readonly transition: number };
    readonly stepFunctionsExpress: {
      readonly request: number;
      readonly gbSecond: number;
      readonly billedMs: number;
      readonly billedMb: number;
    };
    readonly ec2: { readonly m7gLargeHour: number; readonly hoursOfMonth: number };
  };
}

/** List prices of us-east-1 in dollars; where they come from is in docs/benchmarks.md. */
export const PRICES = JSON.parse(readFileSync(new URL("../prices.json", import.meta.url), "utf8")) as Prices;

export const FUNCTIONS = ["ingress", "dispatcher", "handler", "timers", "door"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Memory of each function, MB, as the stack sets it. You choose a handler's own. */
export const MEMORY_MB: Record<FunctionName, number> = {
  ingress: 256,
  dispatcher: 512,
  handler: 512,
  timers: 256,
  door: 256,
};

/**
 * How long a function computes, besides its waits, in milliseconds. An estimate: a turn takes less than a millisecond of
 * one core on a developer's machine, and a function of 512 MB has less than a third of a core.
 */
export const COMPUTE_MS: Record<FunctionName, number> = {
  ingress: 2,
  dispatcher: 2,
  handler: 3,
  timers: 1,
  door: 2,
};
/** What the source door computes for each record of a batch, the same way. */
export const COMPUTE_MS_PER_RECORD = 0.2;

/** What is written to logs, bytes (docs/costs.md): by Lambda of each invocation, whatever the function says; by the HTTP API of each
 * request; by a dispatcher of what it has measured. Handlers say nothing by themselves. */
const LOG_BYTES = { invocation: 400, request: 250, measured: 500 };

export const COUNTS = [
  "httpRequests",
  /** All, those of indexes included. */
  "writeUnits",
  "indexUnits",
  "readUnits",
  /** Of the pass over guards, among them. */
  "passUnits",
  /** Of guards, among the write units. */
  "guardUnits",
  "writes",
  "reads",
  "fifoRequests",
  "standardRequests",
  "messages",
  "schedules",
  "bytesToHandlers",
  ...FUNCTIONS.flatMap((name) => [`${name}Invocations`, `${name}Ms`] as const),
] as const;
export type Count = (typeof COUNTS)[number];
export type Usage = Readonly<Record<Count, number>>;

export class Meter {
  readonly #counts = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Record<Count, number>;

  add(count: Count, amount = 1): void {
    this.#counts[count] += amount;
  }

  get usage(): Usage {
    return { ...this.#counts };
  }
}

export const difference = (after: Usage, before: Usage): Usage =>
  combine((name) => after[name] - before[name]);
export const scaled = (usage: Usage, factor: number): Usage => combine((name) => usage[name] * factor);
const combine = (of: (name: Count) => number): Usage =>
  Object.fromEntries(COUNTS.map((name) => [name, of(name)])) as Record<Count, number>;

export interface Bill {
  readonly http: number;
  readonly dynamodb: number;
  readonly queues: number;
  readonly scheduler: number;
  readonly functions: number;
  readonly total: number;
}

/** Dollars per million for the logs of what was used. They are in no {@link Bill}: what is written is a choice. */
export function logsPerMillion(usage: Usage): number {
  const invocations = FUNCTIONS.reduce((sum, name) => sum + usage[`${name}Invocations`], 0);
  const bytes =
    invocations * LOG_BYTES.invocation +
    usage.httpRequests * LOG_BYTES.request +
    (usage.dispatcherInvocations + usage.doorInvocations) * LOG_BYTES.measured;
  return (1e6 * bytes * PRICES.cloudWatch.logGb) / 1e9;
}

/** Dollars per million of what was used. */
export function billPerMillion(usage: Usage): Bill {
  const { dynamodb, sqs, lambda, scheduler, apiGateway } = PRICES;
  const million = 1e6;
  const bill = {
    http: million * usage.httpRequests * apiGateway.httpApiRequest,
    dynamodb:
      million * (usage.writeUnits * dynamodb.writeRequestUnit + usage.readUnits * dynamodb.readRequestUnit),
    queues: million * (usage.fifoRequests * sqs.fifoRequest + usage.standardRequests * sqs.standardRequest),
    scheduler: million * usage.schedules * scheduler.invocation,
    functions:
      million *
      FUNCTIONS.reduce((sum, name) => {
        const gbSeconds = ((usage[`${name}Ms`] / 1000) * MEMORY_MB[name]) / 1024;
        return sum + usage[`${name}Invocations`] * lambda.request + gbSeconds * lambda.gbSecondArm64;
      }, 0),
  };
  return { ...bill, total: Object.values(bill).reduce((sum, part) => sum + part, 0) };
}
