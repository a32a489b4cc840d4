/**
 * The script of a host process: loads one deployment's bundle and runs its turns. It owns no data: every port but clock
 * and entropy is a call to the engine, so whatever happens here can hurt nothing that is durable. It ends with its engine.
 */
import { pathToFileURL } from "node:url";
import type { OperationalError as OperationalErrorClass } from "../../../lib/errors.ts";
import type { DiscoveryResponse, TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { consoleLogger } from "../../local/console-logger.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { Channel, type Frame, reviveError, type WireError } from "./channel.ts";
import { type EngineCalls, enginePorts, type HostCalls } from "./host-protocol.ts";
import { collectServed } from "../served-files.ts";

interface Endpoint {
  discover(): DiscoveryResponse;
  runTurn(request: TurnRequest, ports: object): Promise<TurnOutcome>;
}

/** What a bundle exports: see `bundle.ts`. */
interface Bundle {
  readonly endpointOf?: (served: () => Promise<readonly object[]>) => Promise<Endpoint>;
  /** What bundles of earlier versions export, and data files still hold. */
  readonly endpoint?: Endpoint;
  /** The bundle's own copy of the class, which its code recognises. */
  readonly OperationalError: typeof OperationalErrorClass;
}

/** The last message of a process that an uncaught error ends. */
export interface LastWords {
  readonly lastWords: string;
}

function noBundle(): never {
  throw new Error("the file is not a bundle");
}

type Send = (message: readonly Frame[] | LastWords) => void;

function main(bundlePath: string, send: Send): void {
  // A terminal's Ctrl-C reaches the whole process group; the engine decides when its hosts end.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.on("uncaughtExceptionMonitor", (error) => {
    send({ lastWords: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });

  const served = collectServed();
  const bundle = import(pathToFileURL(bundlePath).href) as Promise<Bundle>;
  const endpoint = bundle.then((loaded) => loaded.endpointOf?.(served) ?? loaded.endpoint ?? noBundle());
  let OperationalError: typeof OperationalErrorClass | undefined;
  const revive = (wire: WireError): Error =>
    wire.operational !== undefined && OperationalError !== undefined
      ? new OperationalError(wire.operational, wire.message)
      : reviveError(wire);
  const calls: HostCalls = {
    discover: async () => (await endpoint).discover(),
    turn: async (request) => {
      ({ OperationalError } = await bundle);
      return (await endpoint).runTurn(request, ports);
    },
    ping: () => Promise.resolve(undefined),
  };
  const channel = new Channel<EngineCalls>(send, calls, revive);
  const ports = {
    ...enginePorts((method, argument) => channel.call(method, argument)),
    clock: systemClock,
    entropy: systemEntropy,
    logger: consoleLogger("info", "pretty"),
  };
  // A bundle that cannot be loaded is reported by `discover`.
  endpoint.catch(() => undefined);
  process.on("message", (frames) => channel.receive(frames));
}

const [bundlePath] = process.argv.slice(2);
// Bound now: what a handler does to `process` later must not cut the engine off.
const ownSend = process.send?.bind(process);
if (bundlePath === undefined || ownSend === undefined) {
  process.stderr.write("this script is started by the engine: use `perdure dev`\n");
  process.exitCode = 2;
} else {
  // The callback takes the error of a pipe that closed: the engine is gone, and in a moment so is this process.
  main(bundlePath, (message) => ownSend(message, undefined, undefined, () => undefined));
}
