/** Planted bugs of the source door: E1 to E6 of docs/decisions/0042-events.md. */
import type { Aim } from "./aim.ts";
import { bug, type Planted } from "./plant.ts";

const DOOR = "runtime/events/source-door.ts";
const ADMISSION = "lib/store/record-admission.ts";

export const OF_SOURCES: readonly Planted[] = [
  bug(
    "a mark is written before what it stands for",
    DOOR,
    500,
    [
      "      const done = await this.#acceptInOrder(passage, fresh);\n      const [from, last] = [fresh[0]?.position, fresh[done - 1]?.position];\n",
      "      const [from, last] = [fresh[0]?.position, fresh.at(-1)?.position];\n",
    ],
    [
      "      left = fresh.slice(done);\n",
      "      left = fresh.slice(await this.#acceptInOrder(passage, fresh));\n",
    ],
  ),
  bug("a mark says one record too many", DOOR, 500, [
    "fresh[done - 1]?.position];",
    "(fresh[done] ?? fresh[done - 1])?.position];",
  ]),
  bug("what is skipped before anything was accepted is not noted", "runtime/events/marks.ts", 2000, [
    "gaps: withGap(gaps, position === undefined ? 0n : BigInt(position) + 1n, next - 1n),",
    "gaps: position === undefined ? gaps : withGap(gaps, BigInt(position) + 1n, next - 1n),",
  ]),
  bug("what is skipped is not noted", "runtime/events/marks.ts", 1000, [
    "BigInt(position) + 1n, next - 1n),",
    "BigInt(position) + 1n, -1n),",
  ]),
  bug("a long record begins a life although its own has expired", "lib/store/admission.ts", 4000, [
    "(seen.head.origin === start.origin || !isExpired(seen.head, clock.now()))",
    "!isExpired(seen.head, clock.now())",
  ]),
  bug("a mark is written whatever there is", "runtime/events/marks.ts", 1000, [
    '{ is: "lt", attribute: POSITION, value },',
    '{ is: "ne", attribute: POSITION, value },',
  ]),
  bug("all partitions of a topic have one mark", "runtime/events/shapes/kafka.ts", 500, [
    "`${cluster}/${laneOf(topic, partition)}`",
    "`${cluster}/${laneOf(topic, 0)}`",
  ]),
  bug(
    "a shard has a mark, although its batches come side by side",
    "runtime/events/shapes/streams.ts",
    1000,
    ["...(oneAtATime ? { mark", "...(oneAtATime || name !== undefined ? { mark"],
  ),
  bug("the id of a record's invocation does not name the subscription", "lib/model/source-record.ts", 500, [
    '  "record",\n  name,\n',
    '  "record",\n  name.slice(0, 0),\n',
  ]),
  bug("an empty key is one", "runtime/events/invocation-of.ts", 500, [
    'found === undefined || found === "" ? keyIfMissing',
    "found === undefined ? keyIfMissing",
  ]),
  bug("a failure is told of the wrong lane", "runtime/events/failures.ts", 1000, [
    'partition: lane ?? ""',
    'partition: failed[0]?.lane ?? lane ?? ""',
  ]),
  bug("of several lanes that fail one is told", "runtime/events/failures.ts", 1000, [
    "Map.groupBy(failed, ({ lane }) => lane)",
    "Map.groupBy(failed, () => 0)",
  ]),
  bug("what was accepted before a failure comes again", DOOR, 500, [
    "left = fresh.slice(done);",
    "left = done < fresh.length ? fresh : [];",
  ]),
  bug("what has no time left is accepted", ADMISSION, 500, [
    'return { admitted, error: new Error("there is no time left") };',
    'return { admitted: starts.map(() => "accepted") };',
  ]),
  bug("a push that has failed is not told so", DOOR, 500, [
    'failsWhole: form === "push" && failed.length > 0,',
    "failsWhole: false,",
  ]),
  bug("a source that takes no list of failures is told one", "runtime/events/source-function.ts", 1000, [
    "outcome.failsWhole || context.invokedFunctionArn.endsWith(WHOLE_SUFFIX)",
    "outcome.failsWhole || context.invokedFunctionArn.length === 0",
  ]),
  bug("what cannot be set aside is let go of", DOOR, 500, [
    "if (!(await this.#setAside(passage, rejected, rejection))) return done;",
    "await this.#setAside(passage, rejected, rejection);",
  ]),
  bug("a record is set aside anew when it comes again", "runtime/events/rejected.ts", 1000, [
    'attributes, when: { is: "absent" } });',
    "attributes });",
  ]),
  bug("a retry of a rejected record is a record of its own", DOOR, 1000, [
    "const mapped = invocationOf(subscription, sink, record, this.#ports.clock.now());\n    if (isRejection(mapped)) return mapped.message;",
    "const nowMs = this.#ports.clock.now();\n    const mapped = invocationOf(subscription, sink, { ...record, identity: [...record.identity, String(nowMs)] }, nowMs);\n    if (isRejection(mapped)) return mapped.message;",
  ]),
  bug("a rejected record is tried again with any key", DOOR, 1000, [
    'if (!(await claim(mapped.target.key ?? ""))) return "it was decided, or tried again with another key";',
    "void claim;",
  ]),
  bug("a record's Start does not say that it may come again", ADMISSION, 500, [
    "{ ...start, resent: true }",
    "start",
  ]),
  bug("records of a key are sent from the last one on", ADMISSION, 500, [
    "    list.push(message);",
    "    list.unshift(message);",
  ]),
  bug("what the mailbox took behind a record in doubt stands for it", ADMISSION, 1000, [
    "messages.slice(0, Math.max(inDoubt, 0)).map",
    "messages.slice(0, inDoubt < 0 ? 0 : taken.size).map",
  ]),
  bug(
    "a record begins a new life when its retention is over",
    ADMISSION,
    2000,
    ["if (head?.origin === start.origin) {", "if (head?.origin === start.id) {"],
    // Else what it would take the place of is looked at once more.
    [
      "(seen.head.origin === start.origin || !isExpired(seen.head, clock.now()))",
      "!isExpired(seen.head, clock.now())",
      "lib/store/admission.ts",
    ],
  ),
  bug("a record's run is forgotten when another one takes its place", "lib/store/head/births.ts", 2000, [
    "  await rememberRun(items, clock, before);\n",
    "",
  ]),
  bug("what may have run long ago runs", DOOR, 2000, [
    "record.seenBefore !== true || !isOld",
    "record.seenBefore !== true || isOld",
  ]),
];

const SOURCES: Aim = { workload: "sources" };
const DEATHS: Aim["faults"] = {
  "source-crash": 0.3,
  "source-answer-lost": 0.1,
  unavailable: 0.03,
  "dispatcher-crash": 0.1,
};

/** Doors that stand still while others go on. */
const SIDE_BY_SIDE: Aim = {
  workload: "sources",
  sources: ["kafka", "kafka-whole"],
  faults: { "source-doubled": 0.7, stall: 0.12, "source-shifted": 0.3 },
};

/** In which runs each is searched for. */
export const SOURCE_AIMS: Readonly<Record<string, Aim>> = {
  ...Object.fromEntries(OF_SOURCES.map(({ name }) => [name, SOURCES])),
  "a failure is told of the wrong lane": {
    workload: "sources",
    sources: ["kafka"],
    faults: { unavailable: 0.1, "answer-lost": 0.05 },
  },
  "of several lanes that fail one is told": {
    workload: "sources",
    sources: ["kafka"],
    faults: { unavailable: 0.1, "answer-lost": 0.05 },
  },
  "a source that takes no list of failures is told one": {
    workload: "sources",
    sources: ["kafka-whole"],
    faults: { unavailable: 0.1 },
  },
  // The mailbox swallows doubles for five minutes: what comes again days later shows it.
  "a record's Start does not say that it may come again": {
    workload: "sources",
    sources: ["kinesis", "dynamodb", "sqs", "fifo", "sns", "events"],
    faults: { "source-again": 0.3 },
  },
  "what the mailbox took behind a record in doubt stands for it": {
    workload: "sources",
    faults: { "entries-refused": 0.5 },
  },
  "what is skipped before anything was accepted is not noted": SIDE_BY_SIDE,
  "what is skipped is not noted": SIDE_BY_SIDE,
  "a long record begins a life although its own has expired": SIDE_BY_SIDE,
  "a mark is written whatever there is": {
    workload: "sources",
    sources: ["kafka", "kinesis-marked"],
    faults: { "source-again": 0.4, "source-doubled": 0.5, stall: 0.05, "source-shifted": 0.3 },
  },
  "a shard has a mark, although its batches come side by side": {
    workload: "sources",
    sources: ["kinesis-parallel"],
    faults: DEATHS,
  },
  "what may have run long ago runs": {
    workload: "sources",
    sources: ["sqs", "fifo", "sns-queue"],
    faults: {},
  },
};
