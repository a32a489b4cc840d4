/** Reads the messages of a group, and puts together what is handled at once. */
import { asError } from "../../lib/errors.ts";
import { decodeMessage, type Incoming, LaterMessageError, type Message } from "../../lib/model/message.ts";
import type { Logger } from "../../lib/ports.ts";

/** A message, or consecutive notes of one invocation: they are one write, or wake it once. */
export interface Unit {
  readonly incoming: readonly Incoming[];
  /** `later`: it is for a later version. */
  readonly messages: readonly Message[] | "later";
}

/** The messages are of one group. */
export function unitAt(messages: readonly Incoming[], from: number, logger: Logger): Unit {
  const incoming: Incoming[] = [];
  const decoded: Message[] = [];
  for (const message of messages.slice(from)) {
    const [first] = decoded;
    if (incoming.length > 0 && first?.kind !== "notify") break;
    const next = decode(message, logger);
    if (next === "later") return incoming.length > 0 ? { incoming, messages: decoded } : later(message);
    if (first && (next?.kind !== "notify" || next.id !== first.id)) break;
    incoming.push(message);
    if (next) decoded.push(next);
  }
  return { incoming, messages: decoded };
}

const later = (message: Incoming): Unit => ({ incoming: [message], messages: "later" });

/**
 * A body that is not a message can never be handled. It is logged and dropped: given back, it would block its group. But a message
 * of a later version is given back, since dispatchers of both versions are there during a deployment
 * (docs/decisions/0017-versions-side-by-side.md).
 */
function decode({ body, group, messageId }: Incoming, logger: Logger): Message | "later" | undefined {
  try {
    return decodeMessage(body);
  } catch (error) {
    const { message: reason } = asError(error);
    if (error instanceof LaterMessageError) {
      logger.log("warn", "a message is for a later version, and is given back", { group, reason });
      return "later";
    }
    // Nothing of the body: it may hold somebody's input, and JSON's own errors quote it.
    const why = error instanceof SyntaxError ? "it is not JSON" : reason;
    const fields = { group, messageId, why, bytes: Buffer.byteLength(body) };
    logger.log("error", "a mailbox message cannot be read and is dropped", fields);
    return undefined;
  }
}
