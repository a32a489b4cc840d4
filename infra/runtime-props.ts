/** What can be chosen about a runtime. Nothing has to be. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ListedPart } from "../lib/model/listing.ts";
import type { Alarms } from "./alarms.ts";
import type { AwsSdk } from "./bundle.ts";
import { DEFAULT_ARCHITECTURE, DEFAULT_RUNTIME } from "./function.ts";
import type { Authorization } from "./http-api.ts";
import type { PerdureTables } from "./tables.ts";

/** The functions of a runtime, by name. */
export type RuntimePart = "dispatcher" | "ingress" | "admin" | "timers" | "reconciler" | "registrar";

/** What the functions of services take from their runtime, too. */
export interface HandlerProps {
  /**
   * The longest that a turn may take, from when the handler starts or resumes until it suspends or ends: at most 14 minutes.
   * Only steps that take long themselves need more than the default: an invocation that waits is not running.
   * @default Duration.minutes(5)
   */
  readonly turnTimeout?: Duration;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** @default "info" */
  readonly logLevel?: "debug" | "info" | "warn" | "error";
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture;
  /** @default Runtime.NODEJS_24_X */
  readonly nodeRuntime?: Runtime;
  /** Whose AWS SDK the functions use: that of Lambda's runtime, or one in the bundle. @default "runtime" */
  readonly awsSdk?: AwsSdk;
}

export type HandlerSettings = Readonly<Required<HandlerProps>> & { readonly encryptionKey: IKey | undefined };

export interface PerdureRuntimeProps extends HandlerProps {
  /**
   * Tables that exist already: of another stack, or restored from a backup. String keys `pk` and `sk`, TTL on `ttl`.
   * @default three new tables, on demand
   */
  readonly tables?: Partial<PerdureTables>;
  /**
   * Encrypts tables, queues, logs and variables. A key of one's own costs a dollar a month, and its requests. The policy of
   * one that is imported must let CloudWatch Logs use it already.
   * @default keys that AWS owns
   */
  readonly encryptionKey?: IKey;
  /**
   * Of the tables, when the stack goes. Everything else holds nothing of its own and goes with it.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /** @default the tables are protected, unless `removalPolicy` is DESTROY */
  readonly deletionProtection?: boolean;
  /** @default true */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Who may call handlers over HTTP. The admin API is for IAM principals, always.
   * @default "iam"
   */
  readonly ingressAuthorization?: Authorization;
  /** Whether the HTTP APIs log each request. @default true */
  readonly accessLog?: boolean;
  /**
   * Dispatchers that run at the same time, 2 to 1000. Each runs up to ten turns, and with its handlers occupies up to eleven of
   * the account's concurrent executions, of which there are 1,000 unless more were asked for.
   * @default 50
   */
  readonly maxConcurrency?: number;
  /**
   * Concurrent executions set aside for a function, and at the same time its most. For the dispatcher, `maxConcurrency` is the
   * right bound: a reservation makes Lambda receive messages that it then cannot deliver.
   * @default none
   */
  readonly reservedConcurrency?: Partial<Record<RuntimePart, number>>;
  /** MiB. @default 512 for the dispatcher, 256 for the others */
  readonly memory?: Partial<Record<RuntimePart, number>>;
  /**
   * How often the reconciler looks for invocations that should have moved and have not. It reads the heads of all
   * invocations that are kept, which is what it costs.
   * @default Duration.hours(1)
   */
  readonly reconcileEvery?: Duration;
  /**
   * What invocations can be listed by without a look at all of them: `open` is what has rested and has not ended, at two write
   * units for each invocation that rests; `ended` is the rest, at one for every invocation. May be changed at any time.
   * Tables of one's own have indexes of these names (docs/decisions/0004-invocation-index.md).
   * @default ["open"]
   */
  readonly listing?: readonly ListedPart[];
  /**
   * `"outcomes"`: four alarms that say that something waits which should not. `"all"`: six more, on causes. Each costs ten cents
   * a month where the account's ten free ones are taken.
   * @default "outcomes"
   */
  readonly alarms?: Alarms;
  /** What an alarm does: tell a topic, for one. @default nothing */
  readonly alarmActions?: readonly IAlarmAction[];
  /** A page of graphs. It costs three dollars a month where the account's three free ones are taken. @default false */
  readonly dashboard?: boolean;
  /**
   * Grows when the mailbox is replaced: SQS numbers its messages from the start again, and keys would take new writers for
   * old ones.
   * @default 0
   */
  readonly mailboxEpoch?: number;
  /**
   * Timers up to this long wait in the delay queue, longer ones in EventBridge Scheduler: at most 15 minutes. Shorter only
   * to try out the other way.
   * @default Duration.minutes(15)
   */
  readonly delayQueueMax?: Duration;
}

export type RuntimeSettings = Readonly<
  Required<
    Omit<PerdureRuntimeProps, "encryptionKey" | "tables" | "reservedConcurrency" | "memory" | "delayQueueMax">
  >
> &
  Pick<PerdureRuntimeProps, "delayQueueMax" | "reservedConcurrency" | "memory"> & {
    readonly encryptionKey: IKey | undefined;
    readonly tables: Partial<PerdureTables>;
  };

const DEFAULT_TURN_TIMEOUT = Duration.minutes(5);
const DEFAULT_MAX_CONCURRENCY = 50;
/** Lambda's longest, less what the dispatcher needs before and after a turn. */
const TURN_TIMEOUT_MINUTES_MAX = 14;

/** Throws `RangeError` for what AWS would refuse at deployment, or accept and not do. */
export function settingsOf(props: PerdureRuntimeProps): RuntimeSettings {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  const settings: RuntimeSettings = {
    tables: {},
    deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
    pointInTimeRecovery: true,
    ingressAuthorization: "iam",
    accessLog: true,
    maxConcurrency: DEFAULT_MAX_CONCURRENCY,
    reconcileEvery: Duration.hours(1),
    listing: ["open"],
    alarms: "outcomes",
    alarmActions: [],
    dashboard: false,
    mailboxEpoch: 0,
    ...props,
    ...handlerSettingsOf(props, props.encryptionKey),
    removalPolicy,
  };
  const { turnTimeout, maxConcurrency, mailboxEpoch, delayQueueMax } = settings;
  within("turnTimeout, in seconds,", turnTimeout.toSeconds(), 1, TURN_TIMEOUT_MINUTES_MAX * 60);
  within("maxConcurrency", maxConcurrency, 2, 1000);
  within("mailboxEpoch", mailboxEpoch, 0, 9999);
  if (delayQueueMax) within("delayQueueMax, in seconds,", delayQueueMax.toSeconds(), 0, 15 * 60);
  return settings;
}

export function handlerSettingsOf(props: HandlerProps, encryptionKey: IKey | undefined): HandlerSettings {
  return {
    turnTimeout: props.turnTimeout ?? DEFAULT_TURN_TIMEOUT,
    logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
    logLevel: props.logLevel ?? "info",
    architecture: props.architecture ?? DEFAULT_ARCHITECTURE,
    nodeRuntime: props.nodeRuntime ?? DEFAULT_RUNTIME,
    awsSdk: props.awsSdk ?? "runtime",
    encryptionKey,
  };
}

function within(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}
