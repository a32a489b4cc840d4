/** The settings of a runtime. All of them have defaults. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { ThrottleSettings } from "aws-cdk-lib/aws-apigatewayv2";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ListedPart } from "../lib/model/listing.ts";
import type { Alarms } from "./alarms.ts";
import type { AwsSdk } from "./bundle.ts";
import { DEFAULT_ARCHITECTURE, DEFAULT_RUNTIME } from "./function.ts";
import { type Cors, corsOf, EVERY_PAGE } from "../lib/cors.ts";
import type { Authorization } from "./http-api.ts";
import type { IngressDomain } from "./ingress-domain.ts";
import type { PerdureTables } from "./tables.ts";
import type { TracingSetting } from "./tracing.ts";
import {
  DISPATCHERS_AT_ONCE,
  TURN_TIMEOUT_MINUTES_MAX,
  WAITED_TIMEOUT_MINUTES_MAX,
} from "../lib/limits/aws.ts";

/** The functions of a runtime, by name. */
export type RuntimePart =
  | "dispatcher"
  | "ingress"
  | "admin"
  | "timers"
  | "reconciler"
  | "registrar"
  | "events";

/** Settings of the runtime's functions that also hold for the functions of services. */
export interface HandlerProps {
  /**
   * The longest time of a turn, from when the handler starts or resumes until it suspends or ends. At most 15 minutes. You need
   * more than the default only for a step that takes long itself: while an invocation waits, no turn runs.
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
  /**
   * Whether handlers may invoke each other's functions for calls that are soon answered, without a message between them. What that lets
   * them do is in docs/security.md.
   * @default true
   */
  readonly directCalls?: boolean;
  /**
   * Where spans of invocations go: a collector, or `"xray"`. The functions of the runtime send theirs, and those of its services. Not to be
   * mixed up with Lambda's own `tracing` of a function. See docs/tracing.md.
   * @default false: none are made
   */
  readonly tracing?: TracingSetting;
  /** Which AWS SDK handlers get that import one: that of Lambda's runtime, or one in the bundle. Perdure's own code has none. @default "runtime" */
  readonly awsSdk?: AwsSdk;
}

export type HandlerSettings = Readonly<Required<HandlerProps>> & { readonly encryptionKey: IKey | undefined };

export interface PerdureRuntimeProps extends HandlerProps {
  /**
   * Tables that exist already, from another stack or restored from a backup. They need string keys `pk` and `sk`, and a TTL on
   * `ttl`. The table of guards is always the stack's own.
   * @default three new tables, on demand
   */
  readonly tables?: Partial<PerdureTables>;
  /**
   * Encrypts tables, queues, logs and variables. A key of your own costs a dollar a month, and its requests. If you import the
   * key, its policy must already let CloudWatch Logs use it.
   * @default keys that AWS owns
   */
  readonly encryptionKey?: IKey;
  /**
   * What happens to the tables journal, state and registry when the stack is deleted. All other resources hold no data for long and
   * are deleted, the table of guards too.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Whether nobody can delete these tables. CloudFormation cannot either, so a first deployment that fails leaves them behind. Without
   * protection it takes them with it, and keeps them in all other cases.
   * @default the tables are protected, unless `removalPolicy` is DESTROY
   */
  readonly deletionProtection?: boolean;
  /** Of these tables. @default true */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Who may call handlers over HTTP. The admin API always takes IAM principals only.
   * @default "iam"
   */
  readonly ingressAuthorization?: Authorization;
  /**
   * The origins whose pages a browser lets call the ingress, and whether they may send cookies. `origins: []`: no page's.
   * @default every page, without cookies
   */
  readonly cors?: { readonly origins: readonly string[]; readonly credentials?: boolean };
  /** A name of your own for the ingress. @default the one that AWS gives the API */
  readonly domain?: IngressDomain;
  /**
   * A second door to the ingress, a function URL: for IAM principals, or for anybody. A call waits there for up to 15 minutes instead
   * of 25 seconds, and pays for the function while it waits.
   * @default none
   */
  readonly ingressFunctionUrl?: "iam" | "open";
  /**
   * Requests for each second that an HTTP API lets through, and requests at once. Others are answered 429.
   * @default the account's limit, which all APIs of a region share
   */
  readonly throttle?: { readonly ingress?: ThrottleSettings; readonly admin?: ThrottleSettings };
  /**
   * How operators reach the admin API: by an HTTP API, or by invoking its function, which can be kept to a VPC endpoint. `false`: there is
   * none, and no function that could do what it can.
   * @default "api"
   */
  readonly admin?: "api" | "function" | false;
  /** Whether the HTTP APIs log each request. @default true */
  readonly accessLog?: boolean;
  /**
   * How many dispatchers run at the same time, 2 to 1000. Each runs up to ten turns. With its handlers it uses up to eleven of
   * the account's concurrent executions. An account has 1,000 of them, unless you ask AWS for more.
   * If you say it, it is also the most that the timers' function runs at the same time. If not, that one has no bound, and Lambda polls its queue less often while it is idle.
   * @default 50
   */
  readonly maxConcurrency?: number;
  /**
   * Concurrent executions reserved for a function, which are also its maximum. For the dispatcher use `maxConcurrency` instead:
   * with a reservation, Lambda receives messages that it then cannot deliver.
   * @default none
   */
  readonly reservedConcurrency?: Partial<Record<RuntimePart, number>>;
  /**
   * The longest time of a turn that a dispatcher waits for, and so of the dispatcher's function. It waits for a turn of today's
   * handlers for a second or two, and for one of handlers that were deployed with an earlier version to its end. At most 14 minutes.
   * @default the turnTimeout, but at most five minutes
   */
  readonly waitedTurnTimeout?: Duration;
  /** MiB. @default 512 for the dispatcher, 256 for the others */
  readonly memory?: Partial<Record<RuntimePart, number>>;
  /**
   * How often the reconciler looks for invocations that are stuck. Each time it reads the heads of all kept invocations. Its
   * cost is that of these reads.
   * @default Duration.hours(1)
   */
  readonly reconcileEvery?: Duration;
  /**
   * The indexes by which invocations are listed without reading all of them. `open`: those that have rested and not ended, at
   * two write units for each invocation that rests. `ended`: those that have ended, at one write unit for each invocation.
   * You can change it at any time. If you bring your own tables, they need indexes of these names
   * (docs/decisions/0004-invocation-index.md).
   * @default ["open"]
   */
  readonly listing?: readonly ListedPart[];
  /**
   * `"outcomes"`: five alarms that go off when something stands still. `"all"`: eight more, on causes. Each costs ten cents a
   * month beyond the account's ten free ones.
   * @default "outcomes"
   */
  readonly alarms?: Alarms;
  /** What an alarm does, such as telling a topic. @default nothing */
  readonly alarmActions?: readonly IAlarmAction[];
  /** A page of graphs. It costs three dollars a month beyond the account's three free ones. @default false */
  readonly dashboard?: boolean;
  /**
   * Whether services may have mailboxes of their own. The dispatcher then asks the registry for them, at most one read for a service
   * every ten seconds. Needed for services of other apps.
   * @default if a service of this app has one
   */
  readonly ownMailboxes?: boolean;
  /**
   * Raise it by one when you replace the mailbox. SQS numbers the messages of a new queue from the start again, so without it
   * new writers of a key would look older than the earlier ones.
   * @default 0
   */
  readonly mailboxEpoch?: number;
  /**
   * Timers up to this long wait in the delay queue, longer ones in EventBridge Scheduler. At most 15 minutes. A shorter time is
   * of use only to try EventBridge Scheduler.
   * @default Duration.minutes(15)
   */
  readonly delayQueueMax?: Duration;
}

type DoorProp = "cors" | "domain" | "ingressFunctionUrl" | "throttle";

export type RuntimeSettings = Readonly<
  Required<
    Omit<
      PerdureRuntimeProps,
      "encryptionKey" | "tables" | "reservedConcurrency" | "memory" | "delayQueueMax" | DoorProp
    >
  >
> &
  Pick<
    PerdureRuntimeProps,
    "delayQueueMax" | "reservedConcurrency" | "memory" | Exclude<DoorProp, "cors">
  > & {
    readonly cors: Cors;
    /** Absent: as many as Lambda likes. */
    readonly timersAtOnce: number | undefined;
    readonly encryptionKey: IKey | undefined;
    readonly tables: Partial<PerdureTables>;
  };

const DEFAULT_TURN_TIMEOUT = Duration.minutes(5);
const DEFAULT_WAITED_TIMEOUT = Duration.minutes(5);

/** Throws `RangeError` for a setting that AWS would refuse at deployment, or accept and ignore. */
export function settingsOf(props: PerdureRuntimeProps): RuntimeSettings {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  const handlers = handlerSettingsOf(props, props.encryptionKey);
  const settings: RuntimeSettings = {
    tables: {},
    deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
    pointInTimeRecovery: true,
    ingressAuthorization: "iam",
    accessLog: true,
    maxConcurrency: DISPATCHERS_AT_ONCE,
    reconcileEvery: Duration.hours(1),
    listing: ["open"],
    alarms: "outcomes",
    alarmActions: [],
    dashboard: false,
    mailboxEpoch: 0,
    waitedTurnTimeout: shorter(handlers.turnTimeout, DEFAULT_WAITED_TIMEOUT),
    ownMailboxes: false,
    admin: "api",
    ...props,
    ...handlers,
    cors: props.cors ? corsOf(props.cors.origins, props.cors.credentials) : EVERY_PAGE,
    removalPolicy,
    timersAtOnce: props.maxConcurrency,
  };
  const { turnTimeout, waitedTurnTimeout, maxConcurrency, mailboxEpoch, delayQueueMax } = settings;
  within("turnTimeout, in seconds,", turnTimeout.toSeconds(), 1, TURN_TIMEOUT_MINUTES_MAX * 60);
  within("waitedTurnTimeout, in seconds,", waitedTurnTimeout.toSeconds(), 1, WAITED_TIMEOUT_MINUTES_MAX * 60);
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
    directCalls: props.directCalls ?? true,
    awsSdk: props.awsSdk ?? "runtime",
    tracing: props.tracing ?? false,
    encryptionKey,
  };
}

const shorter = (one: Duration, other: Duration): Duration =>
  one.toMilliseconds() < other.toMilliseconds() ? one : other;

export function within(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

/** What the dispatcher needs beside the turn that it waits for: it reads, commits and sends. */
const DISPATCHER_SPARE = Duration.seconds(30);
export const dispatcherTimeout = (waitedTurnTimeout: Duration): Duration =>
  waitedTurnTimeout.plus(DISPATCHER_SPARE);
