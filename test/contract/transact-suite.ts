/**
 * X1: what every item store must do with an append and writes to the user's tables. The cases of expressions are DynamoDB's: they run against
 * DynamoDB Local as well, so that the tables of this machine answer as it does.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OperationalError } from "../../lib/errors.ts";
import type { Condition, ItemKey, Put, Update } from "../../lib/model/item.ts";
import type { AttributeMap, AttributeValue, UserWrite } from "../../lib/model/user-write.ts";
import type { ItemStore } from "../../lib/ports.ts";
import type { UserTables } from "../../lib/model/user-write.ts";

/** The tables that the suite writes to. */
export const USER_TABLES = {
  orders: { partitionKey: "id" },
  lines: { partitionKey: "order", sortKey: "line" },
} satisfies UserTables;

export interface OpenTransacting {
  readonly items: ItemStore;
  /** The item of one of {@link USER_TABLES}. */
  read(table: string, key: AttributeMap): Promise<AttributeMap | undefined>;
  close(): Promise<void>;
}

type Refused = [what: string, ...writes: UserWrite[]];

let made = 0;
const fresh = (): string => `t-${++made}`;
const headKey = (): ItemKey => ({ table: "journal", pk: `transact.${fresh()}`, sk: "item" });
const S = (text: string): AttributeValue => ({ S: text });
const N = (number: number | string): AttributeValue => ({ N: String(number) });

const append = (key: ItemKey, when: Condition = { is: "absent" }): Put => ({
  ...{ op: "put", key, when },
  attributes: { n: 1, writer: "w.1" },
});
const put = (id: string, item: AttributeMap = {}, condition?: string): UserWrite => ({
  Put: {
    TableName: "orders",
    Item: { id: S(id), ...item },
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
  },
});
const NONE = "attribute_not_exists(id)";

export function transactSuite(name: string, open: () => Promise<OpenTransacting>): void {
  describe(`transactions: ${name}`, () => {
    let store: OpenTransacting;
    beforeAll(async () => {
      store = await open();
    }, 300_000);
    afterAll(() => store.close());
    const transact = async (own: Put | Update, ...writes: readonly UserWrite[]) => {
      if (!store.items.transact) throw new Error("the store has no transactions");
      return await store.items.transact(own, writes);
    };
    const order = async (id: string): Promise<AttributeMap | undefined> =>
      await store.read("orders", { id: S(id) });

    test("all of it is there", async () => {
      const [key, id] = [headKey(), fresh()];
      const line = { order: S(id), line: N(1) };
      const put2: UserWrite = { Put: { TableName: "lines", Item: { ...line, sku: S("a") } } };
      expect(await transact(append(key), put(id, { total: N(3) }, NONE), put2)).toEqual({ won: true });
      expect(await store.items.get(key)).toEqual({ n: 1, writer: "w.1" });
      expect(await order(id)).toEqual({ id: S(id), total: N(3) });
      expect(await store.read("lines", line)).toEqual({ ...line, sku: S("a") });
    });

    test("an update of the append takes effect with it", async () => {
      const [key, id] = [headKey(), fresh()];
      await store.items.write({ op: "put", key, attributes: { n: 1, l: ["a"] } });
      const own: Update = {
        ...{ op: "update", key, when: { is: "eq", attribute: "n", value: 1 } },
        changes: [
          { do: "set", attribute: "n", value: 2 },
          { do: "append", attribute: "l", values: ["b"] },
        ],
      };
      expect(await transact(own, put(id))).toEqual({ won: true });
      expect(await store.items.get(key)).toEqual({ n: 2, l: ["a", "b"] });
      expect(await order(id)).toBeDefined();
    });

    test("an append that is refused leaves nothing of the user's, and shows the item", async () => {
      const [key, id] = [headKey(), fresh()];
      await store.items.write({ op: "put", key, attributes: { n: 7 } });
      expect(await transact(append(key), put(id))).toEqual({ won: false, item: { n: 7 } });
      expect(await order(id)).toBeUndefined();
    });

    test("a condition of the user's that fails leaves nothing, and says which", async () => {
      const [key, id, other] = [headKey(), fresh(), fresh()];
      await transact(append(headKey()), put(id));
      const result = await transact(append(key), put(other), put(id, {}, NONE));
      expect(result).toEqual({ won: false, refusals: [undefined, "ConditionalCheckFailed"] });
      expect(await store.items.get(key)).toBeUndefined();
      expect(await order(other)).toBeUndefined();
    });

    test("if both fail, the append's refusal is said", async () => {
      const [key, id] = [headKey(), fresh()];
      await transact(append(key), put(id, {}, NONE));
      expect(await transact(append(key), put(id, {}, NONE))).toEqual({
        won: false,
        item: { n: 1, writer: "w.1" },
      });
    });

    test("a check writes nothing, and a delete deletes", async () => {
      const [id, other] = [fresh(), fresh()];
      await transact(append(headKey()), put(id), put(other));
      const Key = { id: S(id) };
      const check: UserWrite = {
        ConditionCheck: { TableName: "orders", Key, ConditionExpression: "attribute_exists(id)" },
      };
      const gone: UserWrite = { Delete: { TableName: "orders", Key: { id: S(other) } } };
      expect(await transact(append(headKey()), check, gone)).toEqual({ won: true });
      expect(await order(id)).toEqual({ id: S(id) });
      expect(await order(other)).toBeUndefined();
    });

    test.each([
      ["an expression that is none", put("x", {}, "attribute_exists(")],
      ["a name that is not given", put("x", {}, "attribute_exists(#id)")],
      ["a table that is not there", { Put: { TableName: "nowhere", Item: { id: S("x") } } }],
      [
        "an update without an expression's value",
        { Update: { TableName: "orders", Key: { id: S("x") }, UpdateExpression: "SET a = :a" } },
      ],
      ["an item without its key", { Put: { TableName: "orders", Item: { total: N(1) } } }],
      ["a key with more than that", { Delete: { TableName: "orders", Key: { id: S("x"), total: N(1) } } }],
      [
        "an update of a key",
        {
          Update: {
            TableName: "orders",
            Key: { id: S("x") },
            UpdateExpression: "SET id = :id",
            ExpressionAttributeValues: { ":id": S("y") },
          },
        },
      ],
      [
        "a value that nothing uses",
        { Put: { TableName: "orders", Item: { id: S("x") }, ExpressionAttributeValues: { ":a": N(1) } } },
      ],
      ["one item twice", put("x"), put("x")],
    ] satisfies Refused[])("refuses %s", async (...[, ...writes]: Refused) => {
      const key = headKey();
      const thrown: unknown = await transact(append(key), ...writes).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(Error);
      expect(thrown).not.toBeInstanceOf(OperationalError);
      expect(await store.items.get(key)).toBeUndefined();
    });

    test.each(CONDITIONS.map(named))(
      "the condition $text is $expected",
      async ({ text, expected, values, names }) => {
        const id = fresh();
        await transact(append(headKey()), put(id, HELD));
        const check: UserWrite = {
          ConditionCheck: {
            ...{ TableName: "orders", Key: { id: S(id) }, ConditionExpression: text },
            ...placeholders(values, names),
          },
        };
        const { won } = await transact(append(headKey()), check);
        expect(won).toBe(expected);
      },
    );

    test.each(UPDATES.map(named))("the update $text", async ({ text, expected, values, names }) => {
      const id = fresh();
      await transact(append(headKey()), put(id, HELD));
      const update: UserWrite = {
        Update: {
          ...{ TableName: "orders", Key: { id: S(id) }, UpdateExpression: text },
          ...placeholders(values, names),
        },
      };
      const answer: unknown = await transact(append(headKey()), update).catch((error: unknown) => error);
      const after = await order(id);
      if (expected === MISFIT) {
        expect(answer).toBeInstanceOf(Error);
        expect(answer).not.toBeInstanceOf(OperationalError);
        expect(sorted(after)).toEqual(sorted({ id: S(id), ...HELD }));
        return;
      }
      expect(answer).toEqual({ won: true });
      const left = Object.entries({ ...HELD, ...expected }).filter(([, value]) => value !== null);
      expect(sorted(after)).toEqual(sorted({ id: S(id), ...(Object.fromEntries(left) as AttributeMap) }));
    });

    test("an update makes the item", async () => {
      const id = fresh();
      const Key = { id: S(id) };
      const UpdateExpression = "ADD seen :one";
      const ExpressionAttributeValues = { ":one": N(1) };
      const update = { Update: { TableName: "orders", Key, UpdateExpression, ExpressionAttributeValues } };
      expect(await transact(append(headKey()), update)).toEqual({ won: true });
      expect(await order(id)).toEqual({ id: S(id), seen: N(1) });
    });
  });
}

/** As the request has them: an empty one is refused. */
const placeholders = (values: AttributeMap, names: Record<string, string>) => ({
  ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
});

/** Sets have no order. */
const sorted = (item: AttributeMap | undefined): unknown =>
  JSON.parse(
    JSON.stringify(item ?? null, (name, value: unknown) =>
      (name === "SS" || name === "NS") && Array.isArray(value) ? (value as string[]).toSorted() : value,
    ),
  );

const HELD: AttributeMap = {
  a: N(5),
  t: S("text"),
  b: { BOOL: true },
  z: { NULL: true },
  bytes: { B: Uint8Array.from([1, 2, 3]) },
  l: { L: [N(1), S("x"), { M: { deep: N(7) } }] },
  m: { M: { in: N(1), "a.b": S("dotted") } },
  tags: { SS: ["red", "blue"] },
  ns: { NS: ["1", "2.5"] },
};
const named = <T>([text, expected, values = {}, names = {}]: Case<T>) => ({ text, expected, values, names });
/** What the update makes of the attributes; `null`: they are gone. */
type Expected = Readonly<Record<string, AttributeValue | null>> | typeof MISFIT;
/** Refused, and not by a condition. */
const MISFIT = "misfit";
type Case<T> = readonly [text: string, expected: T, values?: AttributeMap, names?: Record<string, string>];

const CONDITIONS: Case<boolean>[] = [
  ["attribute_exists(a)", true],
  ["attribute_exists(q)", false],
  ["attribute_not_exists(q)", true],
  ["attribute_exists(m.#in)", true, {}, { "#in": "in" }],
  ["attribute_exists(m.#dotted)", true, {}, { "#dotted": "a.b" }],
  ["attribute_exists(l[2].deep)", true],
  ["attribute_exists(l[3])", false],
  ["a = :v", true, { ":v": N("5.0") }],
  ["a = :v", false, { ":v": S("5") }],
  ["a <> :v", true, { ":v": S("5") }],
  ["q <> :v", true, { ":v": N(5) }],
  ["q = :v", false, { ":v": N(5) }],
  ["a > :v", true, { ":v": N("4.99999999999999999999999999999") }],
  ["a > :v", false, { ":v": S("0") }],
  ["q < :v", false, { ":v": N(1) }],
  ["t < :v", true, { ":v": S("texu") }],
  ["bytes >= :v", true, { ":v": { B: Uint8Array.from([1, 2]) } }],
  ["a BETWEEN :l AND :h", true, { ":l": N(5), ":h": N(6) }],
  ["a BETWEEN :l AND :h", false, { ":l": N(6), ":h": N(7) }],
  ["a IN (:x, :y)", true, { ":x": N(1), ":y": N(5) }],
  ["a IN (:x)", false, { ":x": N(1) }],
  ["begins_with(t, :v)", true, { ":v": S("te") }],
  ["begins_with(bytes, :v)", true, { ":v": { B: Uint8Array.from([1, 2]) } }],
  ["contains(t, :v)", true, { ":v": S("ex") }],
  ["contains(tags, :v)", true, { ":v": S("red") }],
  ["contains(ns, :v)", true, { ":v": N("2.50") }],
  ["contains(l, :v)", true, { ":v": S("x") }],
  ["contains(l, :v)", false, { ":v": S("y") }],
  ["size(t) = :v", true, { ":v": N(4) }],
  ["size(bytes) = :v", true, { ":v": N(3) }],
  ["size(tags) = :v", true, { ":v": N(2) }],
  ["size(l) > :v", true, { ":v": N(2) }],
  ["size(m) = :v", true, { ":v": N(2) }],
  ["attribute_type(a, :v)", true, { ":v": S("N") }],
  ["attribute_type(tags, :v)", true, { ":v": S("SS") }],
  ["tags = :v", true, { ":v": { SS: ["blue", "red"] } }],
  ["l = :v", true, { ":v": { L: [N(1), S("x"), { M: { deep: N(7) } }] } }],
  ["m = :v", false, { ":v": { M: { in: N(1) } } }],
  ["b = :v", true, { ":v": { BOOL: true } }],
  ["z = :v", true, { ":v": { NULL: true } }],
  ["NOT a = :v", false, { ":v": N(5) }],
  ["NOT (a = :v OR attribute_exists(q))", false, { ":v": N(5) }],
  ["attribute_exists(a) AND NOT attribute_exists(q)", true],
  ["attribute_exists(q) OR attribute_exists(a) AND attribute_exists(t)", true],
  ["(attribute_exists(q) OR attribute_exists(a)) and attribute_exists(q)", false],
];

const UPDATES: Case<Expected>[] = [
  ["SET a = :v", { a: N(6) }, { ":v": N(6) }],
  ["SET q = a", { q: N(5) }],
  ["SET a = a + :v", { a: N("5.1") }, { ":v": N("0.1") }],
  ["SET a = :v - a", { a: N(-4) }, { ":v": N(1) }],
  ["SET q = if_not_exists(q, :v), a = if_not_exists(a, :v)", { q: N(9), a: N(5) }, { ":v": N(9) }],
  ["SET q = if_not_exists(q, :z) + :v", { q: N(3) }, { ":z": N(0), ":v": N(3) }],
  [
    "SET l = list_append(l, :v)",
    { l: { L: [N(1), S("x"), { M: { deep: N(7) } }, N(2)] } },
    { ":v": { L: [N(2)] } },
  ],
  ["SET l[1] = :v", { l: { L: [N(1), N(2), { M: { deep: N(7) } }] } }, { ":v": N(2) }],
  ["SET l[9] = :v", { l: { L: [N(1), S("x"), { M: { deep: N(7) } }, N(2)] } }, { ":v": N(2) }],
  ["SET m.q = :v", { m: { M: { in: N(1), "a.b": S("dotted"), q: N(2) } } }, { ":v": N(2) }],
  ["SET q.r = :v", MISFIT, { ":v": N(2) }],
  ["SET t = t + :v", MISFIT, { ":v": N(2) }],
  ["SET q = q + :v", MISFIT, { ":v": N(2) }],
  ["REMOVE a", { a: null }],
  ["REMOVE q", {}],
  ["REMOVE l[0], l[1]", { l: { L: [{ M: { deep: N(7) } }] } }],
  ["ADD a :v", { a: N(7) }, { ":v": N(2) }],
  ["ADD q :v", { q: N(2) }, { ":v": N(2) }],
  ["ADD tags :v", { tags: { SS: ["red", "blue", "green"] } }, { ":v": { SS: ["green", "red"] } }],
  ["ADD t :v", MISFIT, { ":v": N(2) }],
  ["DELETE tags :v", { tags: { SS: ["blue"] } }, { ":v": { SS: ["red", "black"] } }],
  ["DELETE tags :v", { tags: null }, { ":v": { SS: ["red", "blue"] } }],
  ["DELETE ns :v", { ns: { NS: ["1"] } }, { ":v": { NS: ["2.5"] } }],
  [
    "SET a = :v, q = a REMOVE t ADD ns :n",
    { a: N(1), q: N(5), t: null, ns: { NS: ["1", "2.5", "3"] } },
    { ":v": N(1), ":n": { NS: ["3"] } },
  ],
];
