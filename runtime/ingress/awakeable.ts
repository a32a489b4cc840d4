/** Completing an awakeable is one message to its invocation's group: its id says where, no look-up is needed. */
import { readHead } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import { spill } from "../../lib/store/value-store.ts";
import type { SignalKey } from "../../lib/model/entry.ts";
import { type Incarnation, type InvocationId, parseAwakeableId } from "../../lib/model/ids.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { encodeOutcome, failure, type Outcome, success } from "../../lib/model/outcome.ts";
import { emptyResponse } from "../http/message.ts";
import { IngressError } from "./error.ts";
import type { Exchange, Handling, IngressPorts } from "./ports.ts";
import { payloadOf } from "./request.ts";
import { nonce } from "../../lib/nonce.ts";

const DELIVERY_ID_BYTES = 12;

/** The body is the value, whatever its type. */
export const resolveAwakeable = (exchange: Exchange, id: string): Handling =>
  complete(exchange, id, success(payloadOf(exchange.request)));

/** The body is the reason, as text. */
export const rejectAwakeable = (exchange: Exchange, id: string): Handling =>
  complete(exchange, id, failure(500, new TextDecoder().decode(payloadOf(exchange.request))));

/** Whether the awakeable had been completed before nobody can say here: the first delivery wins. */
async function complete({ ports }: Exchange, text: string, outcome: Outcome): Handling {
  const address = parseAwakeableId(text);
  if (!address) throw new IngressError(400, `bad awakeable id '${text.slice(0, 100)}': bad format`);
  const { id, incarnation, index } = address;
  return deliver(ports, { id, incarnation }, index, outcome);
}

/** 202: it is on its way. */
export async function deliver(
  ports: IngressPorts,
  to: { readonly id: InvocationId; readonly incarnation?: Incarnation },
  signal: SignalKey,
  outcome: Outcome,
): Handling {
  const delivery = nonce(ports.entropy, DELIVERY_ID_BYTES);
  if (outcome.ok && !("ref" in outcome) && outcome.value.byteLength > MESSAGE_PAYLOAD_BYTES_MAX) {
    // Not for an invocation that has ended: nobody would ever read it, or remove it.
    if ((await readHead(ports.items, to.id))?.head.status === "completed") return emptyResponse(202);
  }
  const value = await spill(ports, to.id, encodeOutcome(outcome), MESSAGE_PAYLOAD_BYTES_MAX);
  const note = { kind: "signalled", signal, delivery, outcome: value } as const;
  await sendAll(ports.mailbox, [outgoing({ kind: "notify", ...to, note }, delivery)]);
  return emptyResponse(202);
}
