/**
 * All that is between a client and a handler: tables, queues, schedules, functions and the two HTTP APIs. While nothing
 * happens, it costs the polling of two queues, the reconciler's runs and the alarms (docs/costs.md).
 */
import { Duration, Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping, type FunctionUrl } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { CfnSchedule, ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import {
  allowAdmin,
  allowDispatcher,
  allowIngress,
  allowLogsToUse,
  allowReconciler,
  allowRegistrar,
  allowTimers,
  type Data,
  type RuntimeRoles,
  type TimerTargets,
} from "./access.ts";
import { RuntimeAlarms } from "./alarms.ts";
import { runtimeCode } from "./bundle.ts";
import { RuntimeDashboard } from "./dashboard.ts";
import { PerdureFunction, type Variables } from "./function.ts";
import { corsVariables, functionUrl } from "./function-url.ts";
import { tellCommandLine } from "./command-line-output.ts";
import { FunctionApi } from "./http-api.ts";
import { labelOf } from "./label.ts";
import type { MailboxHost } from "./service-mailbox.ts";
import { ENVIRONMENT } from "../lib/environment.ts";
import { ImportedRuntime, type PerdureRuntimeAttributes } from "./imported-runtime.ts";
import { Queues } from "./queues.ts";
import { type AdminDoor, PerdureRuntimeBase } from "./runtime-base.ts";
import {
  dispatcherTimeout,
  type HandlerSettings,
  type PerdureRuntimeProps,
  type RuntimePart,
  type RuntimeSettings,
  settingsOf,
} from "./runtime-props.ts";
import { schedulerRole } from "./scheduler-role.ts";
import { Subscriptions } from "./events/subscriptions.ts";
import type { RecordSource } from "./events/record-source.ts";
import type { SubscribeOptions, SourceSubscription } from "./events/subscription.ts";
import { Tables } from "./tables.ts";
import { REGISTRAR_MINUTES_MAX, SQS_RECEIVE_MAX } from "../lib/limits/aws.ts";
import { DOOR_TIMEOUT_SECONDS } from "../lib/limits/events.ts";

/** HTTP APIs give up after 30 seconds. */
const HTTP_TIMEOUT = Duration.seconds(30);
/** A function URL waits as long as its function runs. */
const URL_TIMEOUT = Duration.minutes(15);
const TIMERS_TIMEOUT = Duration.seconds(30);
const RECONCILER_TIMEOUT = Duration.minutes(15);
const REGISTRAR_TIMEOUT = Duration.minutes(REGISTRAR_MINUTES_MAX);
/** Queries of the admin API run in the function's memory. */
const MEMORY_MIB: Partial<Record<RuntimePart, number>> = { dispatcher: 512, admin: 1024 };
const OTHERS_MEMORY_MIB = 256;

/** By name. Without an admin API there is no function for it. */
export type RuntimeFunctions = Readonly<
  Record<Exclude<RuntimePart, "admin" | "events">, PerdureFunction> & { admin?: PerdureFunction }
>;

interface Part {
  readonly description: string;
  readonly timeout: Duration;
  readonly variables: Variables;
  readonly inLoop?: boolean;
}

export class PerdureRuntime extends PerdureRuntimeBase {
  /** For a stack whose runtime another stack makes. */
  static fromAttributes(
    scope: Construct,
    id: string,
    attributes: PerdureRuntimeAttributes,
  ): PerdureRuntimeBase {
    return new ImportedRuntime(scope, id, attributes);
  }

  readonly data: Data;
  readonly roles: RuntimeRoles;
  readonly registrarArn: string;
  readonly tables: Tables;
  readonly queues: Queues;
  readonly ingress: FunctionApi;
  /** Absent without `ingressFunctionUrl`. */
  readonly ingressFunctionUrl: FunctionUrl | undefined;
  readonly functions: RuntimeFunctions;
  readonly settings: RuntimeSettings;
  readonly #admin: FunctionApi | undefined;
  #subscriptions: Subscriptions | undefined;
  override readonly dashboard: RuntimeDashboard | undefined;

  constructor(scope: Construct, id: string, props: PerdureRuntimeProps = {}) {
    super(scope, id);
    const settings = settingsOf(props);
    this.settings = settings;
    this.tables = new Tables(this, "Tables", { ...settings, existing: settings.tables });
    this.queues = new Queues(this, "Queues", {
      encryptionKey: settings.encryptionKey,
      dispatcherTimeout: dispatcherTimeout(settings.waitedTurnTimeout),
      timersTimeout: TIMERS_TIMEOUT,
    });
    const { encryptionKey } = settings;
    if (encryptionKey) allowLogsToUse(encryptionKey, this);
    const { mailbox, delay: delayQueue } = this.queues;
    const { guards } = this.tables;
    this.data = { tables: this.tables, guards, mailbox, delayQueue, encryptionKey };
    const { targets, variables } = this.#schedules();
    const dispatcher = this.#dispatcher(targets, variables);
    const timers = this.#timers(targets, variables);
    const ingress = this.#function("ingress", {
      description: "Perdure: HTTP ingress",
      timeout: settings.ingressFunctionUrl ? URL_TIMEOUT : HTTP_TIMEOUT,
      variables: { ...this.#dataVariables(), ...variables, ...corsVariables(settings.cors) },
    });
    allowIngress(ingress, this.data, targets);
    this.ingress = this.#api("ingress", ingress);
    const { ingressFunctionUrl: access, cors } = settings;
    this.ingressFunctionUrl = access && functionUrl(ingress.function, access, cors);
    const admin = this.#adminFunction();
    if (admin && settings.admin === "api") this.#admin = this.#api("admin", admin);
    const reconciler = this.#reconciler();
    const registrar = this.#function("registrar", {
      description: "Perdure: registers what stacks publish",
      timeout: REGISTRAR_TIMEOUT,
      variables: { ...this.#dataVariables(), listing: settings.listing.join(",") },
    });
    allowRegistrar(registrar, this.data);
    this.functions = { dispatcher, timers, ingress, reconciler, registrar, ...(admin ? { admin } : {}) };
    this.registrarArn = registrar.function.functionArn;
    this.roles = {
      dispatcher: dispatcher.role,
      ingress: ingress.role,
      registrar: registrar.role,
      admin: admin?.role,
      reconciler: reconciler.role,
    };
    if (settings.ownMailboxes) this.mailboxHost.expect();
    this.dashboard = this.#observe();
    tellCommandLine(this, this.#admin?.url);
  }

  /** Records of a source become invocations of `"Service/handler"`, each once (docs/events.md). The first one makes the source door's function. */
  subscribe(source: RecordSource, sink: string, options: SubscribeOptions = {}): SourceSubscription {
    this.#subscriptions ??= new Subscriptions(this, "Sources", {
      ...{ data: this.data, registrarArn: this.registrarArn, runtimeName: this.runtimeName },
      ...{ alarms: this.settings.alarms, actions: this.settings.alarmActions },
      door: this.#function("events", {
        description: "Perdure: source door",
        timeout: Duration.seconds(DOOR_TIMEOUT_SECONDS),
        variables: this.#dataVariables(),
      }),
    });
    return this.#subscriptions.add(source, sink, options);
  }

  get mailboxHost(): MailboxHost {
    const { waitedTurnTimeout, alarms, alarmActions } = this.settings;
    const { function: dispatcher } = this.functions.dispatcher;
    return {
      ...{ dispatcherFunctionArn: dispatcher.functionArn, waitedTurnTimeout, alarmActions },
      deadLetters: this.queues.mailboxDeadLetters,
      ...{ hasAlarms: alarms !== "none", runtimeName: this.runtimeName },
      expect: () => {
        const { dispatcher: runs, registrar } = this.functions;
        for (const { function: each } of [runs, registrar])
          each.addEnvironment(ENVIRONMENT.ownMailboxes, "expected");
      },
      show: (mailbox, service) => this.dashboard?.show(mailbox, service),
    };
  }

  #observe(): RuntimeDashboard | undefined {
    const { alarms, alarmActions: actions, dashboard, waitedTurnTimeout: turnTimeout } = this.settings;
    const { dispatcher, reconciler } = this.functions;
    const { ingress, queues } = this;
    const watched = { runtimeName: this.runtimeName, queues, dispatcher, reconciler, ingress, turnTimeout };
    new RuntimeAlarms(this, "Alarms", { ...watched, alarms, actions });
    const { journal, state } = this.tables;
    return dashboard ? new RuntimeDashboard(this, "Graphs", { ...watched, journal, state }) : undefined;
  }

  get listsOpen(): boolean {
    return this.settings.listing.includes("open");
  }

  get handlerSettings(): HandlerSettings {
    return this.settings;
  }

  /** Tells its metrics from those of other runtimes. It is their dimension `Runtime`. */
  get runtimeName(): string {
    return labelOf(this);
  }

  protected get ingressApiId(): string {
    return this.ingress.api.apiId;
  }

  protected get ingressUrlFunctionArn(): string | undefined {
    const { ingress } = this.functions;
    return this.settings.ingressFunctionUrl === "iam" ? ingress.function.functionArn : undefined;
  }

  protected get adminDoor(): AdminDoor {
    if (this.#admin) return { apiId: this.#admin.api.apiId };
    const { admin } = this.functions;
    return admin ? { functionArn: admin.function.functionArn } : {};
  }

  /** Throws `Error` for a runtime whose admin API is not an HTTP API. */
  get admin(): FunctionApi {
    if (this.#admin) return this.#admin;
    throw new Error(
      `the runtime has no HTTP API for operators (admin: ${JSON.stringify(this.settings.admin)})`,
    );
  }

  #adminFunction(): PerdureFunction | undefined {
    if (this.settings.admin === false) return undefined;
    const admin = this.#function("admin", {
      description: "Perdure: admin API",
      timeout: HTTP_TIMEOUT,
      variables: {
        ...this.#dataVariables(),
        ingressUrl: this.ingress.url,
        listing: this.settings.listing.join(","),
      },
    });
    allowAdmin(admin, this.data, this.settings.listing);
    return admin;
  }

  #dispatcher(targets: TimerTargets, timerVariables: Variables): PerdureFunction {
    const { waitedTurnTimeout, maxConcurrency, mailboxEpoch } = this.settings;
    const dispatcher = this.#function("dispatcher", {
      description: "Perdure: takes messages from the mailbox and runs turns",
      timeout: dispatcherTimeout(waitedTurnTimeout),
      variables: { ...this.#dataVariables(), ...timerVariables, mailboxEpoch: String(mailboxEpoch) },
      inLoop: true,
    });
    allowDispatcher(dispatcher, this.data, targets);
    this.#consume(dispatcher, this.queues.mailbox, maxConcurrency);
    return dispatcher;
  }

  #timers(targets: TimerTargets, timerVariables: Variables): PerdureFunction {
    const timers = this.#function("timers", {
      description: "Perdure: forwards due timers to the mailbox",
      timeout: TIMERS_TIMEOUT,
      variables: { ...this.#dataVariables(), ...timerVariables },
      inLoop: true,
    });
    allowTimers(timers, this.data, targets);
    // A mapping with a maximum is never idle: of a standard queue's five pollers, Lambda takes three away only without one.
    this.#consume(timers, this.queues.delay, this.settings.timersAtOnce);
    return timers;
  }

  #reconciler(): PerdureFunction {
    const reconciler = this.#function("reconciler", {
      description: "Perdure: pokes invocations that should have moved",
      timeout: RECONCILER_TIMEOUT,
      variables: {
        ...this.#dataVariables(),
        mailboxDeadLettersUrl: this.queues.mailboxDeadLetters.queueUrl,
        delayQueueUrl: this.queues.delay.queueUrl,
        guardTable: this.tables.guards.tableName,
      },
    });
    allowReconciler(reconciler, this.data, this.queues.mailboxDeadLetters.queueArn);
    const role = schedulerRole(this, "ReconcilerScheduleRole", [
      new PolicyStatement({
        actions: ["lambda:InvokeFunction"],
        resources: [reconciler.function.functionArn],
      }),
    ]);
    new CfnSchedule(this, "ReconcilerSchedule", {
      description: "Perdure: runs the reconciler",
      scheduleExpression: `rate(${this.settings.reconcileEvery.toMinutes()} minutes)`,
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: reconciler.function.functionArn,
        roleArn: role.roleArn,
        // The next run does what a failed one did not.
        retryPolicy: { maximumRetryAttempts: 0 },
      },
    }).node.addDependency(role);
    return reconciler;
  }

  /** For long timers: a group for schedules, and the role in which the Scheduler sends them to the delay queue. */
  #schedules(): { readonly targets: TimerTargets; readonly variables: Variables } {
    const { delay, delayDeadLetters } = this.queues;
    const { delayQueueMax, encryptionKey } = this.settings;
    // AWS deletes a group within minutes, and refuses its name until then. So each life of the stack has another name.
    const life = Fn.select(2, Fn.split("/", Stack.of(this).stackId));
    const group = new ScheduleGroup(this, "TimerSchedules", {
      scheduleGroupName: `perdure-${life}-${this.node.addr.slice(-8)}`,
      // It is deleted with its schedules, because the queue that they send to is deleted too.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = schedulerRole(this, "TimerSchedulesRole", [
      new PolicyStatement({
        actions: ["sqs:SendMessage"],
        resources: [delay.queueArn, delayDeadLetters.queueArn],
      }),
      ...(encryptionKey
        ? [
            new PolicyStatement({
              actions: ["kms:Decrypt", "kms:GenerateDataKey"],
              resources: [encryptionKey.keyArn],
            }),
          ]
        : []),
    ]);
    const schedulesArn = Stack.of(this).formatArn({
      service: "scheduler",
      resource: "schedule",
      resourceName: `${group.scheduleGroupName}/t-*`,
    });
    return {
      targets: { delayQueueArn: delay.queueArn, schedulesArn, schedulerRoleArn: role.roleArn },
      variables: {
        delayQueueUrl: delay.queueUrl,
        delayQueueArn: delay.queueArn,
        delayDeadLettersArn: delayDeadLetters.queueArn,
        guardTable: this.tables.guards.tableName,
        scheduleGroup: group.scheduleGroupName,
        schedulerRoleArn: role.roleArn,
        ...(delayQueueMax ? { delayQueueMsMax: String(delayQueueMax.toMilliseconds()) } : {}),
      },
    };
  }

  #consume(consumer: PerdureFunction, queue: IQueue, maxConcurrency: number | undefined): void {
    new EventSourceMapping(consumer, "Source", {
      target: consumer.function,
      eventSourceArn: queue.queueArn,
      batchSize: SQS_RECEIVE_MAX,
      ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
      reportBatchItemFailures: true,
    });
  }

  #function(part: RuntimePart, { description, timeout, variables, inLoop = false }: Part): PerdureFunction {
    const { memory, reservedConcurrency, architecture, nodeRuntime, logRetention, encryptionKey } =
      this.settings;
    return new PerdureFunction(this, titled(part), {
      description,
      timeout,
      variables: { ...variables, logLevel: this.settings.logLevel, runtimeName: this.runtimeName },
      inLoop,
      code: runtimeCode(part, this.settings.tracing !== false),
      memoryMiB: memory?.[part] ?? MEMORY_MIB[part] ?? OTHERS_MEMORY_MIB,
      reservedConcurrency: reservedConcurrency?.[part],
      ...{ architecture, runtime: nodeRuntime, logRetention, encryptionKey },
      tracing: this.settings.tracing,
    });
  }

  #api(part: "ingress" | "admin", target: PerdureFunction): FunctionApi {
    const { ingressAuthorization, accessLog, logRetention, encryptionKey, cors, domain, throttle } =
      this.settings;
    const isIngress = part === "ingress";
    return new FunctionApi(this, `${titled(part)}Api`, {
      description: `Perdure: ${part}`,
      target: target.function,
      authorization: isIngress ? ingressAuthorization : "iam",
      ...{ accessLog, logRetention, encryptionKey },
      throttle: throttle?.[part],
      preflights: isIngress && cors.origins.length > 0,
      domain: isIngress ? domain : undefined,
    });
  }

  #dataVariables(): Variables {
    const { journal, state, registry } = this.tables;
    return {
      journalTable: journal.tableName,
      stateTable: state.tableName,
      registryTable: registry.tableName,
      mailboxUrl: this.queues.mailbox.queueUrl,
    };
  }
}

const titled = (part: string): string => `${part.charAt(0).toUpperCase()}${part.slice(1)}`;
