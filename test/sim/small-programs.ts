/** Small requests for the exhaustive crash points. Their outcome does not depend on timing. */
import type { Instruction, Part, Program } from "./program.ts";
import type { Root, Workload } from "./requests.ts";
import type { Decision, PlannedRecord, SourceKind } from "./source-plan.ts";
import { longText } from "./source-workload.ts";

export interface SmallProgram {
  readonly name: string;
  readonly workload: Workload;
}

let steps = 0;
const step = (more: Partial<Extract<Part, { do: "step" }>> = {}): Part => ({
  do: "step",
  name: `s${++steps}`,
  ms: 1,
  ...more,
});
const transact = (more: Partial<Extract<Part, { do: "transact" }>> = {}): Part => ({
  do: "transact",
  name: `s${++steps}`,
  ms: 1,
  ...more,
});
const set = (name: string): Instruction => ({ do: "set", name });
const get = (name: string): Instruction => ({ do: "get", name });
const sleep = (ms: number): Part => ({ do: "sleep", ms });

let programs = 0;
const program = (callee: Program["callee"], body: readonly Instruction[], key?: string): Program => ({
  pid: `p${++programs}`,
  callee,
  body,
  ...(key === undefined ? {} : { key }),
});
const plain = (...body: Instruction[]): Program => program("plain", body);
const on = (key: string, ...body: Instruction[]): Program => program("exclusive", body, key);
const call = (callee: Program): Part => ({ do: "call", program: callee });
const send = (callee: Program, delayMs?: number): Instruction => ({
  do: "send",
  program: callee,
  ...(delayMs === undefined ? {} : { delayMs }),
});
const awakeable = (name: string): Part => ({ do: "awakeable", name, resolveAfterMs: 20, times: 2 });

const at = (program_: Program, atMs = 0, more: Partial<Root> = {}): Root => ({
  program: program_,
  atMs,
  times: 1,
  ...more,
});
const small = (name: string, ...roots: Root[]): SmallProgram => ({
  name,
  workload: { roots, disturbed: false },
});

/** Its turns are let go of. */
const letGo = (name: string, ...roots: Root[]): SmallProgram => ({
  name,
  workload: { roots, disturbed: false, letsGo: true },
});

/** What a source has, in lanes; one subscription. */
const records = (
  name: string,
  kind: SourceKind,
  callee: Program["callee"],
  ...lanes: readonly (readonly PlannedRecord[])[]
): SmallProgram => ({
  name,
  workload: {
    roots: [],
    disturbed: false,
    sources: [
      {
        ...{ name: kind.endsWith("fifo") ? "q.fifo" : "q", kind, lanes },
        subscriptions: [
          { name: "sub", callee, batchMax: 10, consumers: 1, madeAtMs: 0, decisions: [RETRIED] },
        ],
      },
    ],
  },
});
/** Long after what was to be set aside is. */
const RETRIED: Decision = { atMs: 90_000, does: "retry", keys: ["given"] };
const record = (
  key: string,
  body: readonly Instruction[],
  more: Partial<PlannedRecord> = {},
): PlannedRecord => ({
  ...{ key, atMs: 0, program: program("plain", body) },
  ...more,
});
const padded = record("k1", [set("a"), step(), longText()]);

/** Each account is one object's key. */
const transfer = (from: string, to: string, by: number): Program =>
  plain(
    call(on(from, { do: "add", name: "balance", by: -by })),
    step(),
    call(on(to, { do: "add", name: "balance", by })),
  );

export const SMALL_PROGRAMS: readonly SmallProgram[] = [
  small("two steps", at(plain(step(), step()))),
  small(
    "a step that fails once, and a handler that does",
    at(plain(step({ fails: 1 }), { do: "throw", name: "t1", times: 1 }, step())),
  ),
  small(
    "state of an object",
    at(on("k1", get("a"), set("a"), step(), set("b"), { do: "clear", name: "a" }, { do: "keys" })),
  ),
  small("two transactions and a step", at(plain(transact(), step(), transact({ slot: "x" })))),
  small("a transaction that fails once", at(plain(transact({ fails: 1 }), transact({ padding: 1500 })))),
  small(
    "transactions of an object, beside its state and a send",
    at(
      on("k1", set("a"), transact(), get("a"), send(plain(transact())), {
        do: "all",
        parts: [transact(), step()],
      }),
    ),
  ),
  small("clearAll", at(on("k1", set("a"), set("b"), step(), { do: "clearAll" }, set("c"), step()))),
  small("a sleep in an object", at(on("k1", set("a"), sleep(50), get("a"), set("b")))),
  small("a call", at(plain(step(), call(on("k1", step(), set("a"))), step()))),
  small(
    "calls in parallel",
    at(plain({ do: "all", parts: [call(plain(step())), call(on("k1", set("a"))), step()] })),
  ),
  small(
    "sends, one of them delayed",
    at(plain(step(), send(on("k1", set("a"))), send(on("k2", set("a")), 40), step())),
  ),
  small("an awakeable", at(on("k1", awakeable("a1"), set("a")))),
  small(
    "a promise",
    at(program("workflow", [{ do: "promise.get", name: "done" }, set("a")], "w1")),
    at(program("workflow-shared", [{ do: "promise.resolve", name: "done" }], "w1"), 120),
  ),
  small(
    "one behind another",
    at(on("k1", set("a"), sleep(80), set("b"))),
    at(on("k1", get("b"), set("a")), 30),
  ),
  small(
    "two behind another, which is a call",
    at(plain(call(on("k1", sleep(120), set("a"))), step())),
    at(on("k1", step(), set("b")), 60),
    at(on("k1", get("b"), set("c")), 70),
  ),
  small(
    "a long back-off with the key held",
    at(on("k1", set("a"), { do: "throw", name: "t2", times: 5 }, set("b"))),
    at(on("k1", get("b"), set("c")), 40),
  ),
  small(
    "a saga",
    at(
      plain({
        do: "try",
        body: [step(), call(on("k1", set("a"))), step({ terminal: true })],
        recover: [call(on("k1", { do: "clear", name: "a" })), step()],
      }),
    ),
  ),
  small("a timeout", at(plain({ do: "timeout", part: sleep(4000), ms: 30 }, step()))),
  small(
    "large values",
    at(on("k1", step({ padding: 700 }), step({ padding: 700 }), step({ padding: 2000 }), set("a"))),
  ),
  small(
    "an idempotency key, three times",
    at(on("k1", step(), sleep(20), set("a")), 0, { idempotencyKey: "once", times: 3 }),
  ),
  // Whoever asks by name may ask again: then it has run once.
  small(
    "at the door, asked for by name",
    at(plain(step(), step()), 0, { idempotencyKey: "door", door: true }),
  ),
  small(
    "at the door, with a sleep and a call",
    at(plain(step(), sleep(50), call(on("k1", set("a"))), step()), 0, {
      idempotencyKey: "door",
      door: true,
      times: 2,
    }),
  ),
  small(
    "at the door, a handler that fails once, and sends",
    at(plain({ do: "throw", name: "t1", times: 1 }, step(), send(on("k1", set("a")))), 0, {
      idempotencyKey: "door",
      door: true,
    }),
  ),
  letGo("a long turn that sleeps", at(plain(step({ ms: 900 }), sleep(700), step()))),
  letGo(
    "a long turn of a key, and one behind it",
    at(on("k1", set("a"), step({ ms: 900 }), set("b"))),
    at(on("k1", get("b"), set("a")), 800),
  ),
  small("a workflow, twice", at(program("workflow", [step(), set("a"), sleep(20)], "w1"), 0, { times: 2 })),
  small("a delayed start", at(on("k1", step(), set("a")), 0, { delayMs: 40 })),
  small(
    "bank transfers",
    at(transfer("k1", "k2", 5)),
    at(transfer("k2", "k1", 3), 15),
    at(transfer("k1", "k2", 7), 30),
  ),
  small(
    "an order",
    at(
      program(
        "workflow",
        [
          set("status"),
          step(),
          call(on("stock", get("a"), set("a"))),
          { do: "try", body: [call(plain(step({ fails: 1 })))], recover: [call(on("stock", set("a")))] },
          awakeable("shipped"),
          send(plain(step()), 20),
          set("status"),
        ],
        "order",
      ),
    ),
  ),
  small(
    "a sign-up",
    at(
      program(
        "workflow",
        [set("status"), step(), { do: "promise.get", name: "clicked" }, set("status"), step()],
        "user",
      ),
    ),
    at(program("workflow-shared", [{ do: "promise.resolve", name: "clicked" }], "user"), 200),
  ),
  records(
    "records of two partitions, one of them without a key",
    "kafka",
    "exclusive",
    [
      record("k1", [set("a")]),
      record("k1", [step()], { wrong: "no-key" }),
      record("k1", [get("a"), set("b")]),
    ],
    [record("k2", [step(), set("a")])],
  ),
  records("a shard, with a record that is too long for a message", "kinesis-marked", "exclusive", [
    record("k1", [set("b")]),
    padded,
    record("k1", [get("a"), set("a")]),
  ]),
  records("a stream without marks", "dynamodb", "plain", [
    record("k1", [step()]),
    record("k2", [sleep(20), step()]),
  ]),
  records(
    "a FIFO queue",
    "fifo",
    "exclusive",
    [record("", [set("a")]), record("", [], { wrong: "headers" }), record("", [get("a"), set("a")])],
    [record("", [step()])],
  ),
  records("messages of a topic, through a queue", "sns-queue", "plain", [
    record("", [step()]),
    record("", []),
  ]),
  records("an event that is pushed", "events", "plain", [record("", [step(), sleep(10)])]),
  records("a workflow for two records of its key", "kafka-whole", "workflow", [
    record("k1", [set("a"), step()]),
    record("k1", [set("b")]),
  ]),
];
