/**
 * The script of a host process: loads one deployment's bundle and runs its turns.
 *
 * It owns no data. Each port except clock and entropy is a call to the engine, so nothing durable can be damaged here. The
 * process ends when its engine does.
 */
import inspector from "node:inspector";
import { pathToFileURL } from "node:url";
import type { OperationalError as OperationalErrorClass } from "../../../lib/errors.ts";
import { isTracingAsked } from "../../../lib/tracing/asked.ts";
import type { Target } from "../../../lib/model/message.ts";
import type { DiscoveryResponse, TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { Channel } from "./channel.ts";
import { packFrames, reviveError, unpackFrames, type WireError } from "./frame.ts";
import { type EngineCalls, type HostCalls, hostPorts } from "./host-protocol.ts";
import { Losses } from "./losses.ts";
import { rehearse } from "../../../lib/replay/rehearsal.ts";
import { withStateAhead } from "./state-ahead.ts";
import { type CollectedServices, collectServed } from "./served-collector.ts";
import { Linger } from "./linger.ts";
import { Traps, type Where } from "./traps.ts";
import { type Defined, unknownOptions } from "./unknown-options.ts";

interface Endpoint {
  discover(): DiscoveryResponse;
  /** Absent: a bundle of an earlier version. */
  takes?(target: Target, input: Uint8Array): boolean;
  runTurn(request: TurnRequest, ports: object): Promise<TurnOutcome>;
}

/** What a bundle exports: see `bundler.ts`. */
interface Bundle {
  readonly endpointOf?: (
    served: () => Promise<readonly object[]>,
    collected: CollectedServices,
  ) => Promise<Endpoint>;
  /** What bundles of earlier versions export, and data files still hold. */
  readonly endpoint?: Endpoint;
  /** The bundle's own copy of the class, which its code recognises. */
  readonly OperationalError: typeof OperationalErrorClass;
}

/** The last message of a process that an uncaught error ends. */
export interface UncaughtError {
  readonly uncaughtError: string;
}

function noBundle(): never {
  throw new Error("the file is not a bundle");
}

/** The tracer first, so that the first turn is traced, too. */
async function loadedBundle(bundlePath: string): Promise<Bundle> {
  if (isTracingAsked(process.env)) await import("../../../sdk/tracing/index.ts");
  return (await import(pathToFileURL(bundlePath).href)) as Bundle;
}

/** Whoever reaches a debugger's port runs code: this machine alone. */
const DEBUGGER_HOST = "127.0.0.1";

type Send = (message: Uint8Array | UncaughtError) => void;

/** The SDK in the bundle tells it what it does (sdk/development.ts). */
const DEVELOPMENT = Symbol.for("perdure.development");

function listen(): void {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const losses = new Losses(say);
  const areTrapsSet = process.env["PERDURE_TRAPS"] !== "off";
  let traps: Traps | undefined;
  const value = {
    handlers: (where: Where, services: readonly Defined[]): void => {
      unknownOptions(services).forEach(say);
      if (!areTrapsSet || traps) return;
      traps = new Traps(where, say);
      traps.set();
    },
    stored: (...stored: Parameters<Losses["stored"]>): void => {
      if (areTrapsSet) losses.stored(...stored);
    },
  };
  Object.defineProperty(globalThis, DEVELOPMENT, { value });
}

function main(bundlePath: string, send: Send): void {
  // A terminal's Ctrl-C reaches all processes of the group. The engine decides when its hosts end.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.on("uncaughtExceptionMonitor", (error) => {
    // Without its stack, which names this machine's folders: callers may read it. Node writes the stack to the console.
    send({ uncaughtError: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  });

  listen();
  const served = collectServed();
  const bundle = loadedBundle(bundlePath);
  const endpoint = bundle.then(
    (loaded) => loaded.endpointOf?.(served.soon, served) ?? loaded.endpoint ?? noBundle(),
  );
  let OperationalError: typeof OperationalErrorClass | undefined;
  const revive = (wire: WireError): Error =>
    wire.operational !== undefined && OperationalError !== undefined
      ? new OperationalError(wire.operational, wire.message)
      : reviveError(wire);
  const calls: HostCalls = {
    discover: async () => (await endpoint).discover(),
    turn: async ({ state, ...request }) => {
      ({ OperationalError } = await bundle);
      const code = await endpoint;
      const own = state ? { ...ports, items: withStateAhead(ports.items, state) } : ports;
      return await ports.steps.around(request, (turn) => code.runTurn(turn, own));
    },
    takes: async ({ target, input }) => (await endpoint).takes?.(target, input) === true,
    rehearse: async (request) => {
      const code = await endpoint;
      return await rehearse((rehearsed) => code.runTurn(request, rehearsed), ports);
    },
    inspect: async (port) => {
      // An editor that was attached is told, and attaches to whatever takes the port.
      if (inspector.url() !== undefined) inspector.close();
      if (port !== undefined) inspector.open(port, DEBUGGER_HOST);
      return inspector.url();
    },
    arm: async (id) => ports.steps.arm(id),
    jump: async (aheadMs) => ports.steps.jump(aheadMs),
    running: async (id) => ports.steps.running(id),
    ping: () => Promise.resolve(undefined),
  };
  const channel = new Channel<EngineCalls>(
    (frames) => {
      send(packFrames(frames));
      linger.sent(frames.length);
    },
    calls,
    revive,
  );
  const linger = new Linger(() => channel.isWaitingForFew);
  const ports = hostPorts(channel);
  // A bundle that cannot be loaded is reported by `discover`.
  endpoint.catch(() => undefined);
  process.on("message", (message) => {
    const frames = unpackFrames(message);
    linger.received(frames.length);
    channel.receive(frames);
  });
}

const [bundlePath] = process.argv.slice(2);
// Bound now, because a handler may change `process` later. That must not cut the engine off.
const ownSend = process.send?.bind(process);
if (bundlePath === undefined || ownSend === undefined) {
  process.stderr.write("The engine starts this script. Use `perdure dev`.\n");
  process.exitCode = 2;
} else {
  // The callback takes the error of a closed pipe. Then the engine has ended, and this process ends in a moment.
  main(bundlePath, (message) => ownSend(message, undefined, undefined, () => undefined));
}
