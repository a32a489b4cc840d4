/**
 * Completes awakeables and sends named signals.
 *
 * Each is one message to the invocation's group. The id says where, so no look-up is needed, but for what may be private. An awakeable's id also says
 * which life of the invocation it is for. A signal is for the life that is current when it arrives. An invocation that has
 * ended ignores both.
 */
import { readHead } from "../../lib/store/head-store.ts";
import type { SignalKey } from "../../lib/model/entry.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import { spill } from "../../lib/store/value-store.ts";
import { type Incarnation, type InvocationId, parseAwakeableId } from "../../lib/model/ids.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX, NONCE_BYTES } from "../../lib/limits.ts";
import { encodeOutcome, failure, type Outcome, success } from "../../lib/model/outcome.ts";
import { type HttpRequest, emptyResponse } from "../http/message.ts";
import { IngressError } from "./error.ts";
import { byId } from "./lookup.ts";
import type { IngressExchange, Handling, IngressPorts } from "./ports.ts";
import { assertSignalled } from "./privacy.ts";
import { payloadOf } from "./request.ts";
import { nonce } from "../../lib/entropy.ts";

/** The body is the value, whatever its type. */
export const resolvedWith = (request: HttpRequest): Outcome => success(payloadOf(request));

/** The body is the reason, as text. */
export const rejectedWith = (request: HttpRequest): Outcome =>
  failure(500, new TextDecoder().decode(payloadOf(request)));

/** 202: the first delivery of all wins. Nobody can say here whether it was this one. 400: not an awakeable's id. */
export async function completeAwakeable(
  { ports, request }: IngressExchange,
  text: string,
  outcomeOf: typeof resolvedWith,
): Handling {
  const outcome = outcomeOf(request);
  const address = parseAwakeableId(text);
  if (!address) throw new IngressError(400, `bad awakeable id '${text.slice(0, 100)}': bad format`);
  const { id, incarnation, index } = address;
  return deliver(ports, { id, incarnation }, index, outcome);
}

/** 202; 400: not an invocation's id, or a name that is empty or too long; 404: it is private. */
export async function sendSignal(
  { ports, request }: IngressExchange,
  text: string,
  name: string,
  outcomeOf: typeof resolvedWith,
): Handling {
  const outcome = outcomeOf(request);
  const { id } = byId(text);
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > NAME_BYTES_MAX) {
    throw new IngressError(
      400,
      `the signal's name is ${bytes} bytes long; 1 to ${NAME_BYTES_MAX} are supported`,
    );
  }
  await assertSignalled(ports, id);
  return deliver(ports, { id }, name, outcome);
}

/** `key`: an awakeable's number, or a signal's name. */
async function deliver(
  ports: IngressPorts,
  to: { readonly id: InvocationId; readonly incarnation?: Incarnation },
  signal: SignalKey,
  outcome: Outcome,
): Handling {
  const delivery = nonce(ports.entropy, NONCE_BYTES);
  if (outcome.ok && !("ref" in outcome) && outcome.value.byteLength > MESSAGE_PAYLOAD_BYTES_MAX) {
    // Nothing reads, or removes, a value that is stored for an invocation that has ended.
    if ((await readHead(ports.items, to.id))?.head.status === "completed") return emptyResponse(202);
  }
  const value = await spill(ports, to.id, encodeOutcome(outcome), MESSAGE_PAYLOAD_BYTES_MAX);
  const note = { kind: "signalled", signal, delivery, outcome: value } as const;
  await sendAll(ports.mailbox, [outgoing({ kind: "notify", ...to, note }, delivery)]);
  return emptyResponse(202);
}
