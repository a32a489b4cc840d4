/**
 * A mailbox of services' own, and the moves into it and out of it while everything runs (docs/decisions/0023).
 *
 * What is sent on is the same message still: checkers hear that it is deleted when neither mailbox has it any more.
 */
import { bodyOf, openForwarded } from "../../lib/model/forwarded.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { moveMailbox } from "../../runtime/registrar/mailbox-move.ts";
import type { SentMessage } from "./life.ts";
import { Queue, type QueueWatcher } from "./mailbox.ts";
import type { Observer } from "./observer.ts";
import { Prng } from "../../lib/prng.ts";
import type { Workload } from "./requests.ts";
import type { Ports } from "./side.ts";

export const OWN_URL = "own";
/** SQS's counts of messages lag by so much at the most. */
const DEPTH_LAG_MS = 59_000;
const MOVING_MAX = 3;
const MOVES_MAX = 4;
const FIRST_MOVE_MS = 20_000;
const PAUSE_MS = 60_000;

/** The two mailboxes of a run. */
export interface Mailboxes {
  readonly shared: Queue;
  readonly own: Queue;
  /** How many messages the own one has, as SQS says. */
  depth(): number;
}

export function twoMailboxes(parts: { seed: number; now: () => number; observer: Observer }): Mailboxes {
  const { seed, now, observer } = parts;
  const prng = new Prng(seed, "own mailbox");
  const sentOn = new SentOn(observer, now);
  const shared = new Queue({ now, prng: new Prng(seed, "queue"), observer: sentOn.ofShared });
  const own = new Queue({ now, prng, observer: sentOn.ofOwn });
  const sizes: { readonly sinceMs: number; readonly size: number }[] = [{ sinceMs: 0, size: 0 }];
  const noted = (): void => void sizes.push({ sinceMs: now(), size: own.size });
  sentOn.onChange = noted;
  return {
    shared,
    own,
    depth: () => {
      const asOfMs = now() - prng.between(0, DEPTH_LAG_MS);
      return sizes.findLast(({ sinceMs }) => sinceMs <= asOfMs)?.size ?? 0;
    },
  };
}

/** Which messages are in the own mailbox, and what the checkers are told. */
class SentOn {
  readonly #observer: Observer;
  readonly #now: () => number;
  /** Copies in the own mailbox, by the sequence that the shared one gave. */
  readonly #copies = new Map<string, number>();
  /** Deleted in the shared one, and in the own one still. */
  readonly #moved = new Map<string, SentMessage>();
  onChange: () => void = () => undefined;

  constructor(observer: Observer, now: () => number) {
    this.#observer = observer;
    this.#now = now;
  }

  get ofShared(): QueueWatcher {
    const observer = this.#observer;
    return {
      ...this.#asObserver(),
      accepted: (by, message) => observer.accepted(by, message),
      swallowed: (by, group, body) => observer.swallowed(by, group, body),
      deleted: (message) => {
        if (this.#copies.has(message.sequence)) this.#moved.set(message.sequence, message);
        else observer.deleted(message);
      },
      restored: (message) => {
        if (!this.#moved.delete(message.sequence)) observer.restored(message);
      },
      gaveUp: (message) => observer.gaveUp(message),
    };
  }

  get ofOwn(): QueueWatcher {
    const observer = this.#observer;
    return {
      ...this.#asObserver(),
      accepted: (_by, message) => {
        observer.count("message sent on");
        this.#counted(message, 1);
      },
      swallowed: () => observer.count("message sent on twice"),
      deleted: (message) => {
        if (this.#counted(message, -1) > 0) return;
        const sequence = this.#sequenceOf(message);
        const moved = this.#moved.get(sequence);
        this.#moved.delete(sequence);
        if (moved) observer.deleted(moved);
      },
      restored: (message) => {
        this.#counted(message, 1);
        observer.restored({ ...message, sequence: this.#sequenceOf(message), body: bodyOf(message.body) });
      },
      gaveUp: () => {
        throw new Error("an own mailbox has given up a message: the run must rule that out");
      },
    };
  }

  #asObserver(): Pick<QueueWatcher, "messages" | "undelivered" | "tables"> {
    const { messages, undelivered, tables } = this.#observer;
    return { messages, undelivered, tables };
  }

  #sequenceOf({ group, body, sequence }: SentMessage): string {
    const { message } = openForwarded({ messageId: "", group, sequence, receiveCount: 1, body }, this.#now());
    return message.sequence;
  }

  /** Returns how many copies there are now. */
  #counted(message: SentMessage, by: 1 | -1): number {
    this.onChange();
    const sequence = this.#sequenceOf(message);
    const copies = (this.#copies.get(sequence) ?? 0) + by;
    if (copies === 0) this.#copies.delete(sequence);
    else this.#copies.set(sequence, copies);
    return copies;
  }
}

export interface Move {
  readonly service: string;
  readonly atMs: number;
  readonly goesIn: boolean;
}

/** What a run's services do: which begin in their own mailbox, and who moves when. */
export function plannedMoves(
  seed: number,
  services: readonly string[],
): { readonly settled: readonly string[]; readonly moves: readonly Move[] } {
  const prng = new Prng(seed, "moves");
  const moving = prng.shuffle([...services]).slice(0, prng.int(1, MOVING_MAX));
  const settled = moving.filter(() => prng.chance(0.6));
  const moves = moving.flatMap((service) => {
    const isSettled = settled.includes(service);
    const count = prng.int(isSettled ? 0 : 1, MOVES_MAX);
    let atMs = prng.between(0, FIRST_MOVE_MS);
    return Array.from({ length: count }, (_, move): Move => {
      const planned = { service, atMs, goesIn: (move % 2 === 0) !== isSettled };
      atMs += prng.between(0, PAUSE_MS);
      return planned;
    });
  });
  return { settled, moves };
}

/** What is held while its service moves comes often, and a run's queue gives up after a few deliveries (undelivered.ts). */
export function withoutDeadLetters(workload: Workload): Workload {
  const { receivesMax: ofDeadLetters, ...others } = workload;
  return ofDeadLetters === undefined ? workload : others;
}

/** The mailboxes of a run, and the moves of its services. */
export interface Moving extends ReturnType<typeof plannedMoves> {
  readonly mailboxes: Mailboxes;
}

/** Before anything is sent. */
export async function settle({ items, clock }: Ports, services: readonly string[]): Promise<void> {
  const own = new OwnMailboxes(items, clock, true);
  for (const service of services) await own.put({ service, url: OWN_URL, heldUntilMs: 0 });
}

/** As a stack's deployment does it. */
export async function carryOut(
  { items, clock }: Ports,
  { service, goesIn }: Move,
  mailboxes: Mailboxes,
  observer: Observer,
): Promise<void> {
  const ports = {
    ...{ mailboxes: new OwnMailboxes(items, clock, true), areExpected: true, clock },
    depth: async () => await Promise.resolve(mailboxes.depth()),
  };
  try {
    await moveMailbox(ports, { services: [service], ...(goesIn ? { url: OWN_URL } : {}) });
    observer.count(goesIn ? "moved to its own mailbox" : "moved back");
  } catch (error) {
    // Two moves at once, or a mailbox that does not get empty: the deployment is rolled back.
    if (!(error instanceof Error) || !/is being moved|still has/u.test(error.message)) throw error;
    observer.count("move refused");
  }
}
