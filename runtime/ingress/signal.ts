/**
 * A named signal of an invocation: a message to its group, as completing an awakeable is. Which life of a derived id it is
 * for is not said, so it is for the one that is current when it arrives; an invocation that has ended ignores it.
 */
import { NAME_BYTES_MAX } from "../../lib/limits.ts";
import { failure, type Outcome, success } from "../../lib/model/outcome.ts";
import { deliver } from "./awakeable.ts";
import { IngressError } from "./error.ts";
import { byId } from "./lookup.ts";
import type { Exchange, Handling } from "./ports.ts";
import { payloadOf } from "./request.ts";

/** The body is the value, whatever its type. */
export const resolveSignal = (exchange: Exchange, id: string, name: string): Handling =>
  signal(exchange, id, name, success(payloadOf(exchange.request)));

/** The body is the reason, as text. */
export const rejectSignal = (exchange: Exchange, id: string, name: string): Handling =>
  signal(exchange, id, name, failure(500, new TextDecoder().decode(payloadOf(exchange.request))));

async function signal({ ports }: Exchange, text: string, name: string, outcome: Outcome): Handling {
  const { id } = byId(text);
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > NAME_BYTES_MAX) {
    throw new IngressError(
      400,
      `the signal's name is ${bytes} bytes long; 1 to ${NAME_BYTES_MAX} are supported`,
    );
  }
  return deliver(ports, { id }, name, outcome);
}
