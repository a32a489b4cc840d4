/** Planted bugs of `ctx.transact` (X1): see planted.ts, and docs/decisions/0052-transact.md. */
import type { Aim } from "./aim.ts";
import { bug, type Planted } from "./plant.ts";

const DECIDED = "lib/store/decided-append.ts";
const TRANSACT = "const result = await items.transact(write, writes);";
const RECOGNISED = "if (isWrittenBy(item, writer, position)) return { won: true, item };";

export const OF_TRANSACTIONS: readonly Planted[] = [
  bug("the user's writes go ahead of the append", DECIDED, 200, [
    TRANSACT,
    'const ahead = await items.transact({ op: "put", key: { ...write.key, pk: writer, sk: "ahead" }, attributes: {} }, writes);\n' +
      "    const result = ahead.won ? await items.write(write) : ahead;",
  ]),
  bug("the user's writes go behind the append", DECIDED, 200, [
    TRANSACT,
    "const result = await items.write(write);\n" +
      '    if (result.won) await items.transact({ op: "put", key: { ...write.key, pk: writer, sk: "behind" }, attributes: {} }, writes);',
  ]),
  bug("the append of a transaction has no condition", DECIDED, 200, [
    TRANSACT,
    "const result = await items.transact({ ...write, when: undefined }, writes);",
  ]),
  bug(
    "a lost answer is a failed condition",
    DECIDED,
    1000,
    [
      RECOGNISED,
      'if (isWrittenBy(item, writer, position)) return { kind: "refused", refusals: ["ConditionalCheckFailed"], item };',
    ],
    [
      'if ("kind" in result) return result;',
      'if ("kind" in result) {\n      if (result.item) this.#known = leftHead(result.item);\n      return result;\n    }',
      "lib/store/journal.ts",
    ],
  ),
  bug("the append's refusal is not looked at", DECIDED, 500, [
    RECOGNISED,
    "if (!result.won && item) return { won: true, item };",
  ]),
  bug("a failed condition is recorded as a success", DECIDED, 200, [
    'return "item" in result ? result : { kind: "refused", refusals: result.refusals };',
    'return "item" in result ? result : await items.write(write);',
  ]),
  bug("a step that was cancelled commits its writes", "sdk/turn/step-transactions.ts", 2000, [
    "if (step.isCancelled) {",
    "if (step.isCancelled && entry.command < 0) {",
  ]),
  bug("what has outputs rides in a transaction", "sdk/turn/turn-driver.ts", 1000, [
    "if (this.#reading > 0 || this.machine.mustAppend) return await this.#flush();\n    return this.#outcomeAfter(await this.transactions",
    "if (this.#reading > 0) return await this.#flush();\n    return this.#outcomeAfter(await this.transactions",
  ]),
];

const AIM_OF: Readonly<Record<string, Aim>> = {
  "a lost answer is a failed condition": {
    workload: "transacted",
    faults: {
      ...{
        "answer-lost": 0.15,
        "late-effect": 0.1,
        unavailable: 0.05,
        "transaction-conflict": 0.15,
        stall: 0.03,
      },
      ...{ "handler-crash": 0.3, "dispatcher-crash": 0.1, "visibility-lapsed": 0.2, "early-redelivery": 0.1 },
    },
  },
  "a step that was cancelled commits its writes": { workload: "cancelled as it transacts", faults: {} },
};
/** In these runs. */
export const TRANSACTION_AIMS: Readonly<Record<string, Aim>> = Object.fromEntries(
  OF_TRANSACTIONS.map(({ name }) => [name, AIM_OF[name] ?? { workload: "transactions" }]),
);
