/**
 * One turn in a process that serves its handlers over HTTP. The request's body carries the engine's frames, the
 * response's body carries the frames to it. As in a host process of `perdure dev`, each port except clock and entropy is a
 * call to the engine.
 */
import { OperationalError } from "../../../lib/errors.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { Channel } from "./channel.ts";
import { encodeFrames, FrameReader } from "./frame.ts";
import { type EngineCalls, type HostCalls, type HostPorts, hostPorts } from "./host-protocol.ts";

export const TURN_CONTENT_TYPE = "application/vnd.perdure.turn.v1+ndjson";
export const DISCOVERY_CONTENT_TYPE = "application/vnd.perdure.discovery.v1+json";

export type RunTurn = (request: TurnRequest, ports: HostPorts) => Promise<TurnOutcome>;

export class HostedTurn {
  readonly #channel: Channel<EngineCalls>;
  readonly #reader: FrameReader;

  constructor(runTurn: RunTurn, send: (bytes: Uint8Array) => void) {
    const calls: Pick<HostCalls, "turn" | "arm" | "jump" | "running"> = {
      turn: (request) => ports.steps.around(request, (turn) => runTurn(turn, ports)),
      arm: async (id) => ports.steps.arm(id),
      jump: async (aheadMs) => ports.steps.jump(aheadMs),
      running: async (id) => ports.steps.running(id),
    };
    const channel = new Channel<EngineCalls>((frames) => send(encodeFrames(frames)), calls);
    const ports = hostPorts(channel);
    this.#channel = channel;
    this.#reader = new FrameReader((frames) => channel.receive(frames));
  }

  /** Takes what the engine sent. Throws `TypeError` if it is not a frame. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  /** Call it when the engine has the answer, or is gone. What the turn still asks for fails, so that it ends as lost. */
  close(): void {
    this.#channel.close(new OperationalError("unavailable", "the engine has ended the turn"));
  }
}
