/** What the steps ask of AWS besides Perdure's own APIs. A test passes a fake. */
import type { Credentials } from "../../lib/aws/signature.ts";

export interface StackEvent {
  readonly atMs: number;
  readonly resource: string;
  readonly status: string;
  readonly reason: string;
}

export interface MetricQuery {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: "Sum" | "Maximum" | "p50" | "p90" | "p99";
}

export interface FunctionSettingsSeen {
  readonly runtime: string;
  readonly architectures: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** It is being changed. */
  readonly updating: boolean;
}

export interface AwsAccount {
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
  identity(): Promise<{ readonly account: string; readonly arn: string }>;
  /** `undefined`: there is no such parameter. */
  parameter(name: string): Promise<string | undefined>;
  /** Concurrent executions that the account may have. */
  concurrency(): Promise<number>;
  /** `undefined`: there is no such stack. */
  stackStatus(stack: string): Promise<string | undefined>;
  stackEvents(stack: string): Promise<readonly StackEvent[]>;
  functionSettings(name: string): Promise<FunctionSettingsSeen>;
  /** Environments of the function that run already are not used again. */
  updateFunction(name: string, change: FunctionChange): Promise<void>;
  invoke(name: string, payload?: object): Promise<unknown>;
  /** The one number that each query gives for the time. `undefined`: nothing was measured. */
  metrics(
    queries: readonly MetricQuery[],
    fromMs: number,
    toMs: number,
  ): Promise<readonly (number | undefined)[]>;
  /** Messages of a log group that contain the pattern, at most a few thousand. */
  logs(group: string, pattern: string, fromMs: number): Promise<readonly string[]>;
  alarmStates(prefix: string): Promise<Readonly<Record<string, string>>>;
  sendMessage(queueUrl: string, body: string, group: string): Promise<void>;
  messagesIn(queueUrl: string): Promise<number>;
  schedulesIn(group: string): Promise<number>;
  assumeRole(arn: string): Promise<Credentials>;
  /** Whether these credentials may list queues. */
  mayListQueues(credentials: Credentials): Promise<boolean>;
  restoreTable(from: string, to: string): Promise<void>;
  tableStatus(name: string): Promise<string | undefined>;
  deleteTable(name: string): Promise<void>;
  /** What bears the name, by kind. */
  named(text: string): Promise<readonly string[]>;
  close(): void;
}

export interface FunctionChange {
  readonly description?: string;
  readonly environment?: Readonly<Record<string, string>>;
}
