/** Turns at the door (R27): what the ingress does with each outcome of a turn that it runs itself. The turns are made up here. */
import { describe, expect, test } from "vitest";
import { decodeEnded } from "../../../lib/death.ts";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import { CALL_WAIT_MS, DOOR_TURNS_MAX } from "../../../lib/limits/http.ts";
import { decodeMessage, type Message, type Outgoing, type Start } from "../../../lib/model/message.ts";
import { success } from "../../../lib/model/outcome.ts";
import { encodeWait } from "../../../lib/model/wait.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import { answerOf, bytes, DEPLOYMENT, NOW, pendingAnswer, requestOf, settle, World } from "./world.ts";

const COMPLETED: TurnOutcome = {
  ...{ kind: "completed", ownsLock: false, replies: [] },
  outcome: success(bytes('"done"')),
};
const FAILED: TurnOutcome = {
  ...{ kind: "failed", failure: { code: 500, message: "no" } },
  ...{ length: 0, progress: false },
};

class Door {
  readonly world = new World();
  readonly asked: TurnRequest[] = [];
  readonly timers: { readonly atMs: number; readonly message: Outgoing }[] = [];
  readonly cancelled: Outgoing[] = [];
  readonly measured: string[] = [];
  /** Before each timer is set: whether its turn is known to live. */
  readonly alive: boolean[] = [];
  readonly #ingress: Ingress;

  constructor(turn: (request: TurnRequest) => TurnOutcome | Promise<TurnOutcome>) {
    const services = DEPLOYMENT.services.map((service) => ({ ...service, guards: true }));
    this.world.register({ ...DEPLOYMENT, id: "dp_2", services });
    this.#ingress = new Ingress(
      {
        ...this.world.ports,
        meter: { measure: (metric) => void this.measured.push(metric) },
        timers: {
          schedule: async (timer) => {
            this.timers.push(timer);
            this.alive.push(this.isAlive(decodeMessage(timer.message.body)));
            await Promise.resolve();
          },
          cancel: async ({ message }) => void this.cancelled.push(message),
        },
        invoker: {
          invoke: async (_, request) => {
            this.asked.push(request);
            return await turn(request);
          },
        },
      },
      { callWaitMs: CALL_WAIT_MS },
    );
  }

  ask = (line: string, body = '"x"', headers: Record<string, string> = {}) =>
    answerOf(this.#ingress.handle(requestOf(line, body, { "content-type": "application/json", ...headers })));

  isAlive = (message: Pick<Message, "id"> | undefined): boolean =>
    message !== undefined && this.#ingress.door?.runs(message.id) === true;

  /** The guards in the timers. */
  get guards(): Start[] {
    return this.timers.map(({ message }) => decodeMessage(message.body) as Start);
  }
}

describe("a call at the door", () => {
  test("is answered from its turn, without a message, a timer or a look", async () => {
    const door = new Door(() => COMPLETED);
    expect(await door.ask("POST /T/hello")).toMatchObject({ status: 200, body: "done" });
    expect(door.asked).toMatchObject([
      { deployment: "dp_2", start: { input: bytes('"x"') }, ownsLock: false },
    ]);
    expect(door.asked[0]).not.toHaveProperty("head");
    expect(door.world.takeSent()).toEqual([]);
    expect(door.timers).toEqual([]);
  });

  test.each<[string, () => TurnOutcome | never, string[]]>([
    ["has completed", () => COMPLETED, ["turnTime", "completed"]],
    // A dispatcher counts the attempt, and what comes after it.
    ["has failed", () => FAILED, ["turnTime"]],
    ["was refused by Lambda", () => thrown(new FunctionError("throttled", "too many")), ["throttled"]],
  ])("is counted, like one that comes by the queue: it %s", async (_, turn, expected) => {
    const door = new Door(turn);
    void door.ask("POST /T/hello");
    await settle();
    expect(door.measured).toEqual(["accepted", ...expected]);
  });

  test("is known to live before its guard is set, which may come at once where the clock jumps", async () => {
    const door = new Door(() => COMPLETED);
    await door.ask("POST /T/hello", '"x"', { "idempotency-key": "k" });
    expect([door.asked.length, door.alive]).toEqual([1, [true]]);
    expect(door.isAlive(door.guards[0])).toBe(false);
  });

  test("takes the guard back that its turn has set, where that is possible", async () => {
    const guard = { name: "g", atMs: NOW + 60_000 };
    const door = new Door(() => ({ ...COMPLETED, guard }));
    await door.ask("POST /O/k/get");
    expect(door.cancelled.map(({ body }) => decodeMessage(body))).toMatchObject([
      { kind: "start", guard: "g" },
    ]);
  });

  test("tells those who have come meanwhile, and then the client", async () => {
    const door = new Door(({ id }) => ({ ...COMPLETED, replies: [{ id, incarnation: 0, command: 1 }] }));
    await door.ask("POST /T/hello");
    expect(door.world.takeSent()).toMatchObject([{ message: { kind: "notify", note: { command: 1 } } }]);
  });

  test.each<[string, () => TurnOutcome | never, string | undefined]>([
    ["failed", () => FAILED, "failed"],
    ["its function has died", () => thrown(new FunctionError("crashed", "gone")), "died"],
    ["throttled", () => thrown(new FunctionError("throttled", "too many")), undefined],
    ["lost", () => ({ kind: "lost", reason: "the head is paused" }), undefined],
    ["out of time", () => ({ kind: "yielded", length: 1 }), undefined],
  ])("goes by the queue if its turn is %s", async (_, turn, kind) => {
    const door = new Door(turn);
    const answer = door.ask("POST /T/hello");
    const held = pendingAnswer(answer);
    await settle();
    const start = door.world.takeStart();
    expect(start).toMatchObject({ guard: door.asked[0]?.guard?.name, resent: true });
    expect(start).not.toHaveProperty("guardAtMs");
    expect(start.ended === undefined ? undefined : decodeEnded(start.ended)?.kind).toBe(kind);
    expect(held.current).toBeUndefined();
    await door.world.complete(start, success(bytes('"later"')));
    expect(await answer).toMatchObject({ status: 200, body: "later" });
  });

  test("sets the sleeps that its turn awaits, and leaves promises to the dispatcher", async () => {
    const sleeping = new Door(() => ({
      kind: "suspended",
      wait: encodeWait({ kind: "sleep", command: 0, dueAtMs: NOW + 5000 }),
    }));
    void sleeping.ask("POST /T/hello");
    await settle();
    expect(sleeping.timers).toMatchObject([{ atMs: NOW + 5000 }]);
    expect(sleeping.world.takeSent()).toEqual([]);
    const awaiting = new Door(() => ({
      kind: "suspended",
      wait: encodeWait({ kind: "promise.get", command: 0, name: "p" }),
    }));
    void awaiting.ask("POST /W/k/look");
    await settle();
    expect(awaiting.world.takeStart()).toHaveProperty("guard");
  });

  test("is guarded if the connection to its turn is lost", async () => {
    const door = new Door(() => thrown(new OperationalError("unavailable", "connection lost")));
    void door.ask("POST /T/hello");
    await settle();
    expect(door.world.takeSent()).toEqual([]);
    expect(door.guards).toMatchObject([{ guard: door.asked[0]?.guard?.name, guardAtMs: NOW + 60_000 }]);
  });

  test("is guarded before its caller is told that it goes on", async () => {
    const door = new Door(() => new Promise(() => undefined));
    const answer = door.ask("POST /T/hello");
    await door.world.clock.advance(CALL_WAIT_MS - 1);
    expect(door.guards).toEqual([]);
    await door.world.clock.advance(20_000);
    expect(await answer).toMatchObject({ status: 504 });
    expect(door.guards).toMatchObject([{ guard: door.asked[0]?.guard?.name }]);
  });
});

describe("a call that can be asked for again", () => {
  const key = { "idempotency-key": "k" };

  test("is guarded, has a head that names the guard, and then runs", async () => {
    const seen: unknown[] = [];
    const door: Door = new Door(async ({ id, head }) => {
      seen.push(await door.world.head(id), head);
      return COMPLETED;
    });
    expect(await door.ask("POST /T/hello", '"x"', key)).toMatchObject({ status: 200 });
    const name = door.asked[0]?.guard?.name;
    expect(seen).toMatchObject([
      { s: "running", gd: name, d: "dp_2", q: "k" },
      { s: "running", gd: name },
    ]);
    expect(door.guards).toMatchObject([{ guard: name, accepted: true }]);
  });

  test("runs once, however often it is asked for", async () => {
    let end: (outcome: TurnOutcome) => void = () => undefined;
    const door = new Door(() => new Promise((resolve) => (end = resolve)));
    const answers = [1, 2, 3].map(() => door.ask("POST /T/hello", '"x"', key));
    await settle();
    expect(door.asked).toHaveLength(1);
    expect(door.world.takeSent()).toEqual([]);
    const { start } = door.asked[0] ?? {};
    if (!start) throw new Error("nothing was asked");
    await door.world.complete(start, success(bytes('"once"')));
    end({ ...COMPLETED, outcome: success(bytes('"once"')) });
    for (const answer of answers) expect(await answer).toMatchObject({ status: 200, body: "once" });
  });

  test("is answered from its head when it has ended: no guard, no turn", async () => {
    const door = new Door(() => COMPLETED);
    await door.ask("POST /T/hello", '"x"', key);
    const { start } = door.asked[0] ?? {};
    if (!start) throw new Error("nothing was asked");
    await door.world.complete(start, success(bytes('"kept"')));
    const before = door.timers.length;
    expect(await door.ask("POST /T/hello", '"y"', key)).toMatchObject({ status: 200, body: "kept" });
    expect([door.asked.length, door.timers.length]).toEqual([1, before]);
  });
});

describe("goes by the queue", () => {
  test.each([
    ["a send", "POST /T/hello/send", '"x"'],
    ["what is exclusive", "POST /O/k/add", "1"],
    ["a run", "POST /W/k/run", '"x"'],
    ["what is too long for a message", "POST /T/hello", `"${"x".repeat(MESSAGE_PAYLOAD_BYTES_MAX)}"`],
  ])("%s", async (_, line, body) => {
    const door = new Door(() => COMPLETED);
    void door.ask(line, body);
    await settle();
    expect(door.asked).toEqual([]);
    expect(door.world.takeStart()).not.toHaveProperty("guard");
  });

  test("what comes beyond the most turns at a time", async () => {
    const door = new Door(() => new Promise(() => undefined));
    for (let n = 0; n <= DOOR_TURNS_MAX; n++) void door.ask("POST /T/hello");
    await settle();
    expect(door.asked).toHaveLength(DOOR_TURNS_MAX);
    expect(door.world.takeSent()).toHaveLength(1);
  });
});

function thrown(error: Error): never {
  throw error;
}
