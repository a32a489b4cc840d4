/**
 * One turn in a process that serves its handlers over HTTP, whatever carries its frames: the request's body brings what
 * the engine says, the response's body takes what is said to it. As in a host process of `perdure dev`, every port but
 * clock and entropy is a call to the engine.
 */
import { OperationalError } from "../../../lib/errors.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { consoleLogger } from "../../local/console-logger.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { Channel } from "./channel.ts";
import { encodeFrames, FrameReader } from "./frame-codec.ts";
import { type EngineCalls, enginePorts, type EnginePorts, type HostCalls } from "./host-protocol.ts";

export const TURN_CONTENT_TYPE = "application/vnd.perdure.turn.v1+ndjson";
export const DISCOVERY_CONTENT_TYPE = "application/vnd.perdure.discovery.v1+json";

export type RunTurn = (request: TurnRequest, ports: HostPorts) => Promise<TurnOutcome>;
export type HostPorts = EnginePorts & {
  readonly clock: typeof systemClock;
  readonly entropy: typeof systemEntropy;
  readonly logger: ReturnType<typeof consoleLogger>;
};

export class HostedTurn {
  readonly #channel: Channel<EngineCalls>;
  readonly #reader: FrameReader;

  constructor(runTurn: RunTurn, send: (bytes: Uint8Array) => void) {
    const calls: Pick<HostCalls, "turn"> = { turn: (request) => runTurn(request, ports) };
    const channel = new Channel<EngineCalls>((frames) => send(encodeFrames(frames)), calls);
    const ports: HostPorts = {
      ...enginePorts((method, argument) => channel.call(method, argument)),
      clock: systemClock,
      entropy: systemEntropy,
      logger: consoleLogger("info", "pretty"),
    };
    this.#channel = channel;
    this.#reader = new FrameReader((frames) => channel.receive(frames));
  }

  /** What the engine sent. Throws `TypeError` for what is no frame. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  /** The engine has heard the answer, or is gone: whatever the turn still asks for fails, so that it ends as lost. */
  close(): void {
    this.#channel.close(new OperationalError("unavailable", "the engine has ended the turn"));
  }
}
