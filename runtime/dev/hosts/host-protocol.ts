/** What the engine and a host process ask of each other over their {@link Channel}, and how calls become ports. */
import { copyOf } from "../../../lib/model/copy.ts";
import {
  type Attributes,
  type Delete,
  type ItemKey,
  type Put,
  type Update,
  written,
} from "../../../lib/model/item.ts";
import { mayLeadToClosure } from "../../../lib/store/head/append.ts";
import type { Deployment, RegisteredService } from "../../../lib/model/manifest.ts";
import type { Outgoing, Target } from "../../../lib/model/message.ts";
import type { TransactionResult } from "../../../lib/model/user-write.ts";
import type {
  Clock,
  Entropy,
  FollowedResult,
  Invoker,
  ItemStore,
  Logger,
  Mailbox,
  Page,
  Registry,
  ScannedItem,
  Timers,
  WriteOptions,
} from "../../../lib/ports.ts";
import type { DiscoveryResponse, Rehearsal, TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import type { OrderedFailure } from "../../../lib/step-gate.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { FunctionError, type FunctionErrorCode } from "../../../lib/errors.ts";
import { clockOf, systemStopwatch } from "../../../lib/clock.ts";
import { JumpingClock } from "../../../lib/jumping-clock.ts";
import { LOCAL_LOOK_MS, WAIT_PIECE_MS_MAX } from "../../../lib/limits.ts";
import { pooledEntropy } from "../../local/pooled-entropy.ts";
import { readableLine } from "../../../lib/log/line.ts";
import { loggerOf } from "../../../lib/log/logger.ts";
import {
  keyArgument,
  messagesArgument,
  nameArgument,
  pointArgument,
  type QueryArgument,
  queryArgument,
  type ScanArgument,
  scanArgument,
  stepArgument,
  type TimerArgument,
  timerArgument,
  type TransactArgument,
  transactArgument,
  type TurnArgument,
  turnArgument,
  writeArgument,
} from "./call-arguments.ts";
import type { VersionedResult, VersionedWrites } from "../../local/versioned-writes.ts";
import type { Channel } from "./channel.ts";
import { type EndedStep, HostedSteps, type OrderedRequest, type ReachedPoint } from "./turn-orders.ts";

/** Answered by a host process. */
export type HostCalls = {
  discover: (argument: undefined) => Promise<DiscoveryResponse>;
  turn: (request: OrderedRequest) => Promise<TurnOutcome>;
  /** Whether a handler's serde takes this input. Runs nothing of the handler. */
  takes: (asked: { readonly target: Target; readonly input: Uint8Array }) => Promise<boolean>;
  /** Runs a turn without any effect, to tell whether the code does what the journal has recorded. */
  rehearse: (request: TurnRequest) => Promise<Rehearsal>;
  /** There is an order for a turn that runs here. */
  arm: (id: InvocationId) => Promise<void>;
  /** From now on its clock is ahead of the real one by so many milliseconds. */
  jump: (aheadMs: number) => Promise<void>;
  /** The names of the steps of it that run. */
  running: (id: InvocationId) => Promise<readonly string[]>;
  /** Lets a debugger attach at the port of this machine, or no more. Answers its address. */
  inspect: (port: number | undefined) => Promise<string | undefined>;
  /** Answers as soon as the event loop gets to it. */
  ping: (argument: undefined) => Promise<undefined>;
};

/** A write, with the version of the item that its turn knows, empty if none. Without it, an earlier version is told the item. */
type Versioned = (Put | Update | Delete) & {
  readonly known?: string;
  readonly followers?: readonly Put[] | undefined;
};

/** Answered by the engine: a turn's ports. The host has its own clock, entropy and logger. */
export type EngineCalls = {
  get: (key: ItemKey) => Promise<Attributes | undefined>;
  write: (argument: Versioned) => Promise<VersionedResult>;
  /** An append, with writes to the user's tables. */
  transact: (argument: TransactArgument) => Promise<TransactionResult>;
  query: (argument: QueryArgument) => Promise<Page>;
  scan: (
    argument: ScanArgument,
  ) => Promise<{ readonly items: readonly ScannedItem[]; readonly next?: string }>;
  sendBatch: (messages: readonly Outgoing[]) => Promise<readonly number[]>;
  schedule: (timer: TimerArgument) => Promise<void>;
  /** Runs a turn of another invocation. */
  invoke: (turn: TurnArgument) => Promise<TurnOutcome | FunctionDeath>;
  service: (name: string) => Promise<RegisteredService | undefined>;
  deployment: (id: string) => Promise<Deployment | undefined>;
  services: (argument: undefined) => Promise<readonly RegisteredService[]>;
  /** Answers when all that was answered before survives its engine. */
  settled: (argument: undefined) => Promise<void>;
  /** A turn under orders has reached a point. Answers what its step throws, if it shall fail. */
  reached: (point: ReachedPoint) => Promise<OrderedFailure | undefined>;
  /** Of a turn whose orders ask for it. */
  stepEnded: (step: EndedStep) => Promise<void>;
};

export interface EnginePorts {
  readonly items: ItemStore & Partial<VersionedWrites>;
  readonly mailbox: Mailbox;
  readonly registry: Registry;
  readonly timers: Pick<Timers, "schedule">;
  readonly invoker: Invoker;
  /** See {@link LocalDatabase.settled}. Absent: what is written is settled. */
  readonly settled?: (() => Promise<void>) | undefined;
  /** Of an engine that gives orders. */
  readonly reached?: EngineCalls["reached"];
  readonly stepEnded?: (step: EndedStep) => void;
}

/** A {@link FunctionError}, as it travels. */
interface FunctionDeath {
  readonly kind: "died";
  readonly code: FunctionErrorCode;
  readonly message: string;
}

/** The engine's side: its ports, as calls. The host can send anything, so each argument is checked. */
export function engineCalls(ports: EnginePorts): EngineCalls {
  const { items, mailbox, registry, timers, invoker, settled } = ports;
  const onceSettled = async <T>(asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    await settled?.();
    return answer;
  };
  return {
    // Here a read never lags.
    get: (key) => items.get(keyArgument(key)),
    write: (argument) => {
      const { write, known, followers } = writeArgument(argument);
      const result =
        known === undefined || !items.writeVersioned
          ? items.write(write)
          : items.writeVersioned(write, known, followers);
      return settled && mayLeadToClosure(write) ? onceSettled(result) : result;
    },
    transact: (argument) => {
      const { append, writes } = transactArgument(argument);
      if (!items.transact) throw new TypeError("this engine has no tables of the user's");
      const result = items.transact(append, writes);
      return settled ? onceSettled(result) : result;
    },
    query: (argument) => {
      const { table, pk, prefix, page } = queryArgument(argument);
      return items.query(table, pk, prefix, page);
    },
    scan: (argument) => {
      const { table, sk, page } = scanArgument(argument);
      return items.scan(table, sk, page);
    },
    sendBatch: (messages) => mailbox.sendBatch(messagesArgument(messages)),
    schedule: (timer) => onceSettled(timers.schedule(timerArgument(timer))),
    invoke: async (argument) => await invoke(registry, invoker, turnArgument(argument)),
    service: (name) => registry.service(nameArgument(name)),
    deployment: (id) => registry.deployment(nameArgument(id)),
    services: () => registry.services(),
    settled: async () => await settled?.(),
    stepEnded: async (step) => ports.stepEnded?.(stepArgument(step)),
    reached: async (point) => await ports.reached?.(pointArgument(point)),
  };
}

async function invoke(
  registry: Registry,
  invoker: Invoker,
  { deployment: id, request }: TurnArgument,
): Promise<TurnOutcome | FunctionDeath> {
  const deployment = await registry.deployment(id);
  if (!deployment) return { kind: "died", code: "refused", message: `there is no deployment ${id}` };
  try {
    return await invoker.invoke(deployment, request);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    return { kind: "died", code: error.code, message: error.message };
  }
}

export interface HostPorts extends Omit<EnginePorts, "reached" | "stepEnded"> {
  readonly clock: Clock;
  readonly stopwatch: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly lookMs: number;
  readonly settled: () => Promise<void>;
  readonly steps: HostedSteps;
}

/** The versions of the items that the engine has answered, or would have. */
const versions = new WeakMap<Attributes, string>();

/** The head of a turn grows with each of its appends. So it is not sent back with each of them: the turn knows what it has written. */
async function writeVersioned(
  engine: Channel<EngineCalls>,
  write: Put | Update | Delete,
  { before, followers }: WriteOptions = {},
): Promise<FollowedResult> {
  if (write.op === "delete") return resultOf(await engine.call("write", write));
  const known = (before && versions.get(before)) ?? "";
  // A copy: a handler may change the bytes that it has returned from a step.
  const own = copyOf(write);
  const answer = await engine.call("write", {
    ...own,
    ...{ known, followers: followers?.().map((follower) => copyOf(follower)) },
  });
  const isLeftOut = answer.won && answer.item === undefined;
  const result = resultOf(isLeftOut ? { ...answer, item: written(before, own) } : answer);
  if (result.item && answer.version !== undefined) versions.set(result.item, answer.version);
  return result;
}

const resultOf = ({ won, item, followed }: VersionedResult): FollowedResult => ({
  ...{ won, item },
  ...(followed && { followed }),
});

/** The host's side: the calls, as ports. */
export function hostPorts(engine: Channel<EngineCalls>): HostPorts {
  // Kept now: what handlers see may be replaced later (traps.ts).
  const clock = new JumpingClock(0, clockOf(WAIT_PIECE_MS_MAX, Date.now));
  return {
    items: {
      get: (key) => engine.call("get", key),
      write: (write, options) => writeVersioned(engine, write, options),
      transact: (append, writes) => engine.call("transact", { append: copyOf(append), writes }),
      query: (table, pk, prefix, page) => engine.call("query", { table, pk, prefix, ...(page && { page }) }),
      scan: (table, sk, page) => engine.call("scan", { table, sk, ...(page && { page }) }),
    },
    mailbox: { sendBatch: (messages) => engine.call("sendBatch", messages) },
    timers: { schedule: (timer) => engine.call("schedule", timer) },
    registry: {
      service: (name) => engine.call("service", name),
      deployment: (id) => engine.call("deployment", id),
      services: () => engine.call("services", undefined),
    },
    invoker: {
      invoke: async ({ id: deployment }, request) => {
        const outcome = await engine.call("invoke", { deployment, request });
        if (outcome.kind === "died") throw new FunctionError(outcome.code, outcome.message);
        return outcome;
      },
    },
    settled: () => engine.call("settled", undefined),
    steps: new HostedSteps(
      (point) => engine.call("reached", point),
      // An engine that has gone has nobody to tell.
      (step) => void engine.call("stepEnded", step).catch(() => undefined),
      clock,
    ),
    clock,
    stopwatch: systemStopwatch,
    entropy: pooledEntropy,
    lookMs: LOCAL_LOOK_MS,
    // For what a bundle's SDK has to say itself: nothing, so far. The engine shows these lines as the handler's.
    logger: loggerOf({
      least: "info",
      format: readableLine,
      write: (line) => process.stderr.write(line),
    }),
  };
}
