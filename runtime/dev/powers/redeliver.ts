/**
 * `POST /dev/redeliver`: the invocation's last message is delivered once more, as SQS may do with each. All that it has caused is
 * recorded, so nothing should come of it. The answer says what has.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readHead } from "../../../lib/store/head-store.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { Message } from "../../../lib/model/message.ts";
import { REDELIVERY_WAIT_MS_MAX } from "../../../lib/limits/local.ts";
import type { LastMessage } from "./last-messages.ts";
import { noted, type PowerAnswer, type PowerExchange } from "./ports.ts";
import { refused, stateOf, targetIn } from "./target.ts";
import { count } from "./words.ts";

/** `{invocation_id}`. Of one that has ended, too. */
export async function redeliver(
  exchange: PowerExchange,
  body: Record<string, unknown>,
): Promise<PowerAnswer> {
  const { ports, lastMessages } = exchange;
  const target = await targetIn(ports, body["invocation_id"]);
  const last = lastMessages.of(target.id);
  if (!last)
    throw refused(
      `No message of it was delivered since this server has started: it is ${stateOf(target)}. There is nothing to repeat.`,
    );
  const done = deliver(exchange, target.id, last);
  // After an answer that it comes later, nobody waits for it.
  done.catch(() => undefined);
  const late = sleep(REDELIVERY_WAIT_MS_MAX, undefined, { ref: false });
  return (
    (await Promise.race([done, late])) ?? {
      done: false,
      message: `A turn of its group runs now. ${nameOf(last)} is delivered once more as soon as that has ended.`,
      message_kind: last.message.kind,
    }
  );
}

async function deliver(exchange: PowerExchange, id: InvocationId, last: LastMessage): Promise<PowerAnswer> {
  const { ports } = exchange;
  let before: Head | undefined;
  let turns = 0;
  let stop: () => void = () => undefined;
  const isDone = await ports.mailbox.redeliver(last.incoming, async () => {
    before = await headOf(exchange, id);
    stop = ports.events.listen((event) => {
      if (event.kind === "turn" && event.id === id) turns++;
    });
  });
  stop();
  const after = await headOf(exchange, id);
  const said = [
    `${nameOf(last)} was delivered once more${last.isGuard ? ", as if its turn had died" : ""}.`,
    whatCame(before, after, turns, isDone),
  ];
  return noted(exchange, "redeliver", id, {
    ...{ done: true, message: said.join(" "), message_kind: last.message.kind },
    ...{ turns, changed: !isSame(before, after) },
  });
}

const headOf = async ({ ports: { items } }: PowerExchange, id: InvocationId): Promise<Head | undefined> =>
  (await readHead(items, id))?.head;

function whatCame(before: Head | undefined, after: Head | undefined, turns: number, isDone: boolean): string {
  if (!isDone) return "The engine gave it back without doing anything.";
  const grown = (after?.length ?? 0) - (before?.length ?? 0);
  if (turns > 0) {
    const news = grown > 0 ? `It recorded ${grown} more.` : "It recorded nothing new.";
    return `${turns === 1 ? "One turn" : count(turns, "turn")} replayed what was recorded. ${news}`;
  }
  if (isSame(before, after)) return "Nothing changed: all of it was recorded.";
  return "No code ran. Notes in the invocation's record were renewed.";
}

function isSame(before: Head | undefined, after: Head | undefined): boolean {
  if (!before || !after) return before === after;
  const fields = ["status", "length", "writer", "modifiedAtMs"] as const;
  return (
    fields.every((field) => before[field] === after[field]) && before.notes.length === after.notes.length
  );
}

const KINDS: Readonly<Record<Message["kind"], string>> = {
  start: "The message that started it",
  notify: "The message that brought it a result",
  resume: "The message that woke it",
  kill: "The message that killed it",
  attach: "The message that asked for its result",
};

function nameOf({ message, isGuard }: LastMessage): string {
  if (isGuard) return "It ran where its call was accepted, without a message. The guard of that turn";
  return message.kind === "notify" && message.note.kind === "cancellation"
    ? "The message that cancelled it"
    : KINDS[message.kind];
}
