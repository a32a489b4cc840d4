/** Futures: the journal decides who wins, not the order in which futures are built or awaited. */
import { describe, expect, test } from "vitest";
import { TerminalError } from "../../../lib/errors.ts";
import { Future, type MapperHost } from "../../../lib/turn/future.ts";
import type { Leaf } from "../../../lib/model/wait.ts";

const call = (command: number): Future => Future.leaf({ leaf: { kind: "call", command } });
const ok = (future: Future, value: unknown, at: number): void => future.settle({ ok: true, value, at });
const fail = (future: Future, message: string, at: number): void =>
  future.settle({ ok: false, error: new TerminalError(message), at });
const shown = ({ settled }: Future): unknown =>
  settled === undefined
    ? "pending"
    : settled.ok
      ? settled.value
      : `${settled.error.name}: ${settled.error.message}`;
const awaited = (future: Future): Future => {
  future.markAwaited();
  return future;
};
const map = (
  part: Future,
  mapper: (value: unknown, error: Error | undefined) => unknown,
  fatal = never,
): Future => Future.map(part, mapper, () => hostOf(fatal));
let event = 0;
const hostOf = (fatal: (error: Error) => void): MapperHost => ({
  run: (mapper) => mapper(),
  event,
  takes: (error) => TerminalError.is(error),
  isTerminal: (error) => TerminalError.is(error),
  fatal,
});
const microtasks = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve));
function never(error: Error): void {
  throw error;
}

describe("rules", () => {
  test("race: the first to settle, well or badly", () => {
    const [a, b] = [call(0), call(1)];
    const race = awaited(Future.combine("race", [a, b]));
    fail(b, "b", 1);
    ok(a, "a", 2);
    expect(shown(race)).toBe("TerminalError: b");
  });

  test("all: results in order; the first failure at once", () => {
    const [a, b, c] = [call(0), call(1), call(2)];
    const all = awaited(Future.combine("all", [a, b]));
    ok(b, "b", 1);
    expect(shown(all)).toBe("pending");
    ok(a, "a", 2);
    expect([shown(all), all.settled?.at]).toEqual([["a", "b"], 2]);
    const failed = awaited(Future.combine("all", [c, call(3)]));
    fail(c, "c", 3);
    expect(shown(failed)).toBe("TerminalError: c");
  });

  test("any: the first success; all failures, in order of the parts", () => {
    const [a, b] = [call(0), call(1)];
    const any = awaited(Future.combine("any", [a, b]));
    fail(b, "b", 1);
    expect(shown(any)).toBe("pending");
    fail(a, "a", 2);
    const error = any.settled?.ok === false ? any.settled.error : undefined;
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map((part: Error) => part.message)).toEqual(["a", "b"]);
    expect(TerminalError.is(error)).toBe(false);
  });

  test("allSettled: always a success", () => {
    const [a, b] = [call(0), call(1)];
    const settled = awaited(Future.combine("settled", [a, b]));
    fail(a, "a", 1);
    ok(b, "b", 2);
    expect(shown(settled)).toMatchObject([{ status: "rejected" }, { status: "fulfilled", value: "b" }]);
  });

  test("of nothing: race never settles, the others do", () => {
    expect(shown(awaited(Future.combine("race", [])))).toBe("pending");
    expect(shown(awaited(Future.combine("all", [])))).toEqual([]);
    expect(shown(awaited(Future.combine("settled", [])))).toEqual([]);
    expect(shown(awaited(Future.combine("any", [])))).toBe("AggregateError: All promises were rejected");
  });

  test("the smallest event wins, though it was settled last or the combinator built afterwards", () => {
    const [a, b] = [call(0), call(1)];
    ok(a, "a", 5);
    ok(b, "b", 3);
    expect(shown(awaited(Future.combine("race", [a, b])))).toBe("b");
    expect(shown(awaited(Future.combine("any", [a, b])))).toBe("b");
    const [c, d] = [call(2), call(3)];
    fail(c, "c", 5);
    fail(d, "d", 3);
    expect(shown(awaited(Future.combine("all", [c, d])))).toBe("TerminalError: d");
  });

  test("a settlement is final", () => {
    const a = call(0);
    ok(a, "first", 1);
    ok(a, "second", 2);
    expect(shown(a)).toBe("first");
  });

  test("constants come before everything", () => {
    const a = call(0);
    ok(a, "a", 1);
    const constant = Future.settledWith({ ok: true, value: "constant" });
    expect(shown(awaited(Future.combine("race", [a, constant])))).toBe("constant");
  });
});

describe("map", () => {
  test("runs once, and only when it is awaited", () => {
    let runs = 0;
    const a = call(0);
    const mapped = map(a, (value) => `${String(value)}${++runs}`);
    ok(a, "a", 4);
    expect([shown(mapped), runs]).toEqual(["pending", 0]);
    mapped.markAwaited();
    mapped.markAwaited();
    expect([shown(mapped), runs, mapped.settled?.at]).toEqual(["a1", 1, 4]);
  });

  test("awaiting a combinator awaits its parts, and their parts", () => {
    const a = call(0);
    const mapped = map(
      map(a, (value) => `${String(value)}b`),
      (value) => `${String(value)}c`,
    );
    const race = awaited(Future.combine("race", [mapped, call(1)]));
    ok(a, "a", 1);
    expect(shown(race)).toBe("abc");
  });

  test("a failure may become a success, and the reverse", () => {
    const [a, b] = [call(0), call(1)];
    const healed = awaited(map(a, (_, error) => error?.message));
    const broken = awaited(
      map(b, () => {
        throw new TerminalError("broken");
      }),
    );
    fail(a, "a", 1);
    ok(b, "b", 2);
    expect([shown(healed), shown(broken)]).toEqual(["a", "TerminalError: broken"]);
  });

  test("what is not terminal is fatal", () => {
    const heard: string[] = [];
    const a = call(0);
    const mapped = map(
      a,
      () => {
        throw new Error("a bug");
      },
      (error) => void heard.push(error.message),
    );
    mapped.markAwaited();
    ok(a, "a", 1);
    expect(heard).toEqual(["a bug"]);
    expect(shown(mapped)).toBe("pending");
  });

  test("what is no failure of an operation is not mapped", () => {
    const all = Future.combine("any", [call(0)]);
    const mapped = awaited(map(all, () => "mapped"));
    all.settle({ ok: false, error: new AggregateError([], "none"), at: 1 });
    expect(shown(mapped)).toBe("AggregateError: none");
  });

  test("a promise that it answers is waited for, and settles at the event that it settles at", async () => {
    const [a, b] = [call(0), call(1)];
    const { promise, resolve } = Promise.withResolvers<string>();
    let runs = 0;
    const slow = map(a, async () => `${await promise}${++runs}`);
    const race = awaited(Future.combine("race", [slow, map(b, (value) => value)]));
    const all = awaited(Future.combine("all", [slow, b]));
    ok(a, "a", 1);
    await microtasks();
    expect([shown(race), shown(all)]).toEqual(["pending", "pending"]);
    event = 7;
    resolve("later");
    await microtasks();
    ok(b, "b", 8);
    expect([shown(race), slow.settled?.at, shown(all), runs]).toEqual(["later1", 7, ["later1", "b"], 1]);
    event = 0;
  });

  test("of what waits for a mapper that runs, nothing is outside", async () => {
    const [a, b] = [call(0), call(1)];
    const all = awaited(Future.combine("all", [map(a, async () => await new Promise(() => undefined)), b]));
    const other = { kind: "call", command: 1 };
    expect(all.wait()).toEqual({
      kind: "all",
      parts: [{ kind: "mapped", parts: [{ kind: "call", command: 0 }] }, other],
    });
    ok(a, "a", 1);
    expect(all.wait()).toEqual({ kind: "all", parts: [{ kind: "race", parts: [] }, other] });
  });

  test("a rejection is its failure if it is terminal, and fatal if not", async () => {
    const heard: string[] = [];
    const [a, b] = [call(0), call(1)];
    const refused = awaited(map(a, async () => await Promise.reject(new TerminalError("no"))));
    const mapper = async (): Promise<never> => await Promise.reject(new Error("a bug"));
    const broken = awaited(map(b, mapper, (error) => void heard.push(error.message)));
    ok(a, "a", 1);
    ok(b, "b", 2);
    await microtasks();
    expect([shown(refused), shown(broken), heard]).toEqual(["TerminalError: no", "pending", ["a bug"]]);
  });

  test("what can never settle is known", () => {
    const none = Future.combine("race", []);
    const one = Future.settledWith({ ok: true, value: 1 });
    const can = (kind: "all" | "race" | "any" | "settled", ...parts: Future[]): boolean =>
      map(Future.combine(kind, parts), (value) => value).canSettle;
    expect([none.canSettle, can("race", none), can("all", none, one), can("settled", none, one)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect([can("all"), can("any"), can("race", none, one), can("any", none, one)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  test("D1: mapped parts race by their sources' events, not by their place", () => {
    const [slow, fast] = [call(0), call(1)];
    const race = Future.combine("race", [map(slow, () => "slow"), map(fast, () => "fast")]);
    ok(fast, "", 1);
    ok(slow, "", 2);
    expect(shown(awaited(race))).toBe("fast");
  });

  test("D1: a plain part does not overtake a mapped one by being awaited late", () => {
    const [slow, fast] = [call(0), call(1)];
    const race = Future.combine("race", [slow, map(fast, () => "fast")]);
    ok(fast, "", 1);
    ok(slow, "slow", 2);
    expect(shown(awaited(race))).toBe("fast");
  });
});

describe("what is waited for", () => {
  const leaf = (command: number): Leaf => ({ kind: "call", command });

  test("the tree of what is missing", () => {
    const [a, b, c] = [call(0), call(1), call(2)];
    const tree = Future.combine("all", [
      Future.combine("race", [a, b]),
      map(c, (value) => value),
      Future.leaf(),
    ]);
    expect(tree.wait()).toEqual({
      kind: "all",
      parts: [
        { kind: "race", parts: [leaf(0), leaf(1)] },
        { kind: "mapped", parts: [leaf(2)] },
        { kind: "race", parts: [] },
      ],
    });
  });

  test("without what has settled", () => {
    const [a, b] = [call(0), call(1)];
    const all = awaited(Future.combine("all", [a, b]));
    ok(a, "a", 1);
    expect(all.wait()).toEqual({ kind: "all", parts: [leaf(1)] });
  });

  test("awaiting is told once, to every leaf below", () => {
    const starts: string[] = [];
    const step = (name: string): Future => Future.leaf({ onAwaited: () => void starts.push(name) });
    const shared = step("shared");
    const all = Future.combine("all", [step("a"), map(shared, (value) => value)]);
    const race = Future.combine("race", [shared, step("b")]);
    expect(starts).toEqual([]);
    all.markAwaited();
    race.markAwaited();
    all.markAwaited();
    expect(starts).toEqual(["a", "shared", "b"]);
  });
});
