/**
 * D1 of signals. A run decides live which waits leave, and the log keeps the leaves among the deliveries. Whatever the pace of
 * the code in a replay, each delivery goes to the same wait, as long as the waits join in the order of the code and the events
 * come in the order of the log.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Leave, type SignalWait, SignalQueues } from "../../lib/turn/signal-queues.ts";
import { bytes } from "../support/entries.ts";
import { tries } from "./tries.ts";

type Act =
  /** The code asks for the signal. */
  | { readonly do: "join" }
  /** The n-th wait that was asked for is given up, or awaited again. */
  | { readonly do: "give-up" | "again"; readonly nth: number }
  | { readonly do: "deliver" };
type Event = ({ readonly kind: "leave" } & Leave) | { readonly kind: "delivery"; readonly at: number };
/** What the code does, in its order: it asks for a signal, or awaits again one that has left. */
interface Join {
  readonly command: number;
  readonly again: boolean;
}

const nth = fc.nat({ max: 2 });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constant<Act>({ do: "join" }),
  fc.record({ do: fc.constantFrom("give-up" as const, "again" as const), nth }),
  fc.constant<Act>({ do: "deliver" }),
);

class Run {
  readonly queues = new SignalQueues();
  /** Which wait took which delivery. */
  readonly taken = new Map<number, number>();
  readonly givenUp = new Set<number>();

  wait(command: number): SignalWait {
    return {
      command,
      complete: ({ at }) => void this.taken.set(at, command),
      isGivenUp: () => this.givenUp.has(command),
    };
  }

  join({ command, again }: Join): void {
    if (again) this.queues.await(command);
    else this.queues.join("s", this.wait(command));
  }

  deliver(at: number): void {
    this.queues.deliver("s", { value: bytes("v"), at });
  }
}

/** Runs live. Answers the orders that a replay keeps, and who took what. */
function live(acts: readonly Act[]) {
  const run = new Run();
  const joins: Join[] = [];
  const log: Event[] = [];
  let commands = 0;
  let at = 0;
  const isTaken = (command: number): boolean => [...run.taken.values()].includes(command);
  for (const next of acts) {
    const command = "nth" in next ? next.nth : commands;
    if (next.do === "join") {
      commands++;
      run.join({ command, again: false });
      joins.push({ command, again: false });
    } else if (next.do === "deliver") {
      for (const leaving of run.queues.givenUp("s")) {
        log.push({ kind: "leave", ...leaving });
        run.queues.leave(leaving);
      }
      run.deliver(++at);
      log.push({ kind: "delivery", at });
    } else if (command < commands && !isTaken(command)) {
      if (next.do === "give-up") run.givenUp.add(command);
      else {
        run.givenUp.delete(command);
        run.join({ command, again: true });
        joins.push({ command, again: true });
      }
    }
  }
  return { joins, log, taken: run.taken };
}

/** Replays at another pace: `codeFirst` says at each turn whether the code goes on before the next event. A leave waits until its
 * wait is there, as the machine does. */
function replay(joins: readonly Join[], log: readonly Event[], codeFirst: readonly boolean[]) {
  const run = new Run();
  const [code, events] = [[...joins], [...log]];
  for (let turn = 0; code.length > 0 || events.length > 0; turn++) {
    const event = events[0];
    const isReady = event && (event.kind === "delivery" || run.queues.canLeave(event));
    const step = code[0];
    if (step && (!isReady || codeFirst[turn % codeFirst.length] === true)) {
      code.shift();
      run.join(step);
    } else if (event && isReady) {
      events.shift();
      if (event.kind === "delivery") run.deliver(event.at);
      else run.queues.leave(event);
    } else throw new Error(`stalled before ${JSON.stringify(event)}`);
  }
  return run.taken;
}

test("each delivery goes to the same wait, at whatever pace the code is replayed", () => {
  const paces = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), paces, (acts, codeFirst) => {
      const { joins, log, taken } = live(acts);
      expect(replay(joins, log, codeFirst)).toEqual(taken);
    }),
    { numRuns: tries(3000, 30_000) },
  );
});
