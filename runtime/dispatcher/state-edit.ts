/**
 * An operator's edit of a key's state: an exclusive invocation of the key whose handler is the engine itself.
 *
 * Job: the turn of such an invocation. It does what the SDK would do, and invokes no function. What an edit says, and how state
 * is read as a whole, is in lib/store/state-edit.ts.
 *
 * Why it is not a message kind of its own. An edit must wait its turn behind what the mailbox accepted before it (W2). It must
 * be parked behind a suspended owner and be handed the key later. It must survive a dispatcher that dies at any point (M1), and
 * fence its writes from those before and after it (W3). An exclusive invocation does all that. So an edit is a Start to the
 * key's group, for a reserved handler that no code can declare:
 * - Its token is its own message's sequence. Its writes beat what ran before it, and lose to what runs after it.
 * - The lock parks it, wakes it and passes on behind it.
 * - It can be seen, paused, cancelled before it starts, and killed.
 *
 * The turn reads the key's whole state, strongly. Nobody else writes it meanwhile. The invocation before it has ended, and its
 * state was written before it let go of the group or of the lock (R5, W1). The one after it starts when this has completed. A
 * second turn of this edit meets the same log. It appends what it changes (`clearAll`, `set`), the last append with the
 * completion (J3). After each append that was won it writes the state (R1).
 *
 * Crash points
 * - Before the first append: nothing happened.
 * - After an append, before its state: the message is still there. Its handler does the last append's outputs again (R2),
 *   fenced by token and position.
 * - Between two appends of a long edit: the next turn appends the whole edit once more behind what is there. That comes to the
 *   same, because an edit replaces everything. The version is compared before the first append only.
 *
 * Shared handlers may see a part of it, as of any invocation that sets several names.
 */
import { readInput } from "../../lib/store/head-store.ts";
import { Journal } from "../../lib/store/journal.ts";
import { performOutputs } from "../../lib/store/outputs.ts";
import {
  decodeStateEdit,
  markOf,
  type StateEdit,
  type StateMark,
  stateVersion,
  visitState,
} from "../../lib/store/state-edit.ts";
import { ZombieError } from "../../lib/store/state-store.ts";
import { type Entry, sizeOfEntry } from "../../lib/model/entry.ts";
import { invariant } from "../../lib/errors.ts";
import { isBeyond } from "../../lib/model/fence.ts";
import type { Retention } from "../../lib/model/head.ts";
import { CLEARED_NAMES_MAX, INLINE_VALUE_BYTES_MAX, STATE_EDIT_APPEND_BYTES_MAX } from "../../lib/limits.ts";
import { EMPTY, failure, type Outcome, success } from "../../lib/model/outcome.ts";
import type { TurnOutcome } from "../../lib/protocol.ts";
import type { DispatcherPorts } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";
import { nonce } from "../../lib/entropy.ts";

/** What the invocation's head names as its deployment. */
const ENGINE = "engine";

interface EditTurn {
  readonly invocation: Invocation;
  readonly retention: Retention;
  readonly ownsLock: boolean;
  readonly voucher: string;
}

/** The turn of an edit: see the head of this file. */
export async function runStateEdit(ports: DispatcherPorts, turn: EditTurn): Promise<TurnOutcome> {
  const { id, token, start, head } = turn.invocation;
  invariant(token !== undefined, "W3", `the edit ${id} has no token`);
  const source = start ?? head;
  invariant(source !== undefined, "M1", `the edit ${id} has no input`);
  const input = await readInput(ports.items, id, source);
  try {
    return await edit(ports, turn, token, decodeStateEdit(input));
  } catch (error) {
    if (error instanceof ZombieError) return { kind: "lost", reason: error.message };
    throw error;
  }
}

async function edit(
  ports: DispatcherPorts,
  { invocation, retention, ownsLock, voucher }: EditTurn,
  token: string,
  wanted: StateEdit,
): Promise<TurnOutcome> {
  const { id, incarnation, target, start, stored } = invocation;
  const writer = nonce(ports.entropy, 6);
  const journal = new Journal(ports.items, ports.clock, {
    ...{ id, incarnation, deployment: ENGINE, token, writer, voucher },
    ...(start === undefined ? {} : { start }),
    ...(stored === undefined ? {} : { stored }),
    turn: { beganMs: ports.clock.now(), before: stored?.head.turns ?? EMPTY },
  });
  const before: StateMark[] = [];
  const type = (await ports.registry.service(target.service))?.type ?? "object";
  await visitState(ports, { name: target.service, type }, target.key ?? "", (name, value, fence) => {
    if (isBeyond(fence, token, journal.length)) {
      throw new ZombieError("state was written by a later turn or invocation: the edit is superseded (W3)");
    }
    if (value) before.push(markOf(name, value));
  });
  const outcome = journal.length === 0 ? compare(before, wanted) : success();
  const batches = outcome.ok ? batchesOf(before, wanted.state, journal.length) : [[]];
  const subject = { id, incarnation, target, token, type, again: false };
  for (const [index, entries] of batches.entries()) {
    const ending =
      index === batches.length - 1 ? ({ kind: "completed", outcome, ...retention } as const) : undefined;
    const appended = await journal.append(entries, 0, ending);
    if (appended.kind !== "won") return { kind: "lost", reason: `the edit's append is ${appended.kind}` };
    const { position } = appended;
    await performOutputs(ports, subject, entries, position);
  }
  return { kind: "completed", ownsLock, outcome, replies: [] };
}

function compare(before: readonly StateMark[], { version }: StateEdit): Outcome {
  const actual = stateVersion(before);
  if (version === undefined || version === actual) return success();
  return failure(409, `the state is at version ${actual}, not at ${version}: nothing was changed`);
}

/** One append each; never none, since the last one ends the invocation. */
function batchesOf(
  before: readonly StateMark[],
  state: StateEdit["state"],
  first: number,
): readonly (readonly Entry[])[] {
  const entries: Entry[] = [];
  const add = (make: (command: number) => Entry): unknown => entries.push(make(first + entries.length));
  const gone = before.map(({ name }) => name).filter((name) => !Object.hasOwn(state, name));
  for (let from = 0; from < gone.length; from += CLEARED_NAMES_MAX) {
    const names = gone.slice(from, from + CLEARED_NAMES_MAX);
    add((command) => ({ kind: "clearAll", command, names }));
  }
  for (const [name, value] of Object.entries(state)) {
    add((command) => ({ kind: "set", command, name, value }));
  }
  const batches: Entry[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    // A long value goes to an item of its own.
    const size = Math.min(sizeOfEntry(entry), INLINE_VALUE_BYTES_MAX * (entry.kind === "set" ? 2 : 1000));
    if (bytes > 0 && bytes + size > STATE_EDIT_APPEND_BYTES_MAX) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(entry);
    bytes += size;
  }
  return batches;
}
