/**
 * Combinators settle when native promises would, and with the same result. Restate's combinators are made of native
 * promises.
 *
 * The test builds trees of combinators, mapped or not. They share operations that end one after another. If one event
 * settles several parts, the one with the fewest layers is first.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { TerminalError } from "../../lib/errors.ts";
import { Future, type MapperHost } from "../../lib/turn/future.ts";

const LEAVES = 6;
const KINDS = ["all", "any", "race", "settled"] as const;
type Kind = (typeof KINDS)[number];
/** What a mapper does: `keep` its input, or `flip` success and failure; at once or by a promise. */
interface Mapping {
  readonly flips: boolean;
  readonly isAsync: boolean;
}
type Tree =
  | { readonly leaf: number }
  | { readonly constant: boolean }
  | { readonly kind: Kind; readonly parts: readonly Tree[] }
  | { readonly map: Tree; readonly how: Mapping };

const trees: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.nat(LEAVES - 1).map((leaf): Tree => ({ leaf })),
    fc.boolean().map((constant): Tree => ({ constant })),
    fc
      .tuple(fc.constantFrom(...KINDS), fc.array(tie("tree"), { maxLength: 4 }))
      .map(([kind, parts]): Tree => ({ kind, parts })),
    fc
      .tuple(tie("tree"), fc.record({ flips: fc.boolean(), isAsync: fc.boolean() }))
      .map(([map, how]): Tree => ({ map, how })),
  ),
})).tree;

const hasConstant = (tree: Tree): boolean =>
  "constant" in tree ||
  ("kind" in tree && (tree.parts.length === 0 || tree.parts.some(hasConstant))) ||
  ("map" in tree && hasConstant(tree.map));

const mapperOf =
  ({ flips, isAsync }: Mapping) =>
  (value: unknown, error: Error | undefined): unknown => {
    const decide = (): unknown => {
      if (flips === (error === undefined))
        throw error ?? new TerminalError(`broken ${JSON.stringify(value)}`);
      return error === undefined ? value : `healed ${error.message}`;
    };
    return isAsync ? Promise.resolve().then(decide) : decide();
  };

/** As Restate does it: with native promises. A mapper gets only failures of operations. */
function native(tree: Tree, leaves: readonly Promise<unknown>[]): Promise<unknown> {
  if ("leaf" in tree) return leaves[tree.leaf] as Promise<unknown>;
  if ("constant" in tree)
    return tree.constant ? Promise.resolve("c") : Promise.reject(new TerminalError("c"));
  if ("kind" in tree) {
    const parts = tree.parts.map((part) => native(part, leaves));
    if (tree.kind === "all") return Promise.all(parts);
    if (tree.kind === "any") return Promise.any(parts);
    return tree.kind === "race" ? Promise.race(parts) : Promise.allSettled(parts);
  }
  const mapper = mapperOf(tree.how);
  return native(tree.map, leaves).then(
    async (value) => await Promise.resolve(mapper(value, undefined)),
    async (error: Error) => {
      if (!TerminalError.is(error)) throw error;
      return await Promise.resolve(mapper(undefined, error));
    },
  );
}

let event = 0;
const HOST: MapperHost = {
  run: (mapper) => mapper(),
  get event() {
    return event;
  },
  takes: (error) => TerminalError.is(error),
  isTerminal: (error) => TerminalError.is(error),
  fatal: (error) => {
    throw error;
  },
};
function own(tree: Tree, leaves: readonly Future[]): Future {
  if ("leaf" in tree) return leaves[tree.leaf] as Future;
  if ("constant" in tree) {
    return Future.settledWith(
      tree.constant ? { ok: true, value: "c" } : { ok: false, error: new TerminalError("c") },
    );
  }
  if ("kind" in tree)
    return Future.combine(
      tree.kind,
      tree.parts.map((part) => own(part, leaves)),
    );
  return Future.map(own(tree.map, leaves), mapperOf(tree.how), () => HOST);
}

const drained = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve));
const shown = (ok: boolean, value: unknown): string => {
  const plain = (_: string, part: unknown): unknown =>
    part instanceof AggregateError
      ? { none: part.errors.map((error: Error) => error.message) }
      : part instanceof Error
        ? `${part.name}: ${part.message}`
        : part;
  return `${ok ? "ok" : "failed"} ${JSON.stringify(value, plain)}`;
};

/** The outcome of each root after each event, with native promises and with ours. */
async function states(
  forest: readonly Tree[],
  events: readonly { readonly leaf: number; readonly ok: boolean }[],
) {
  const natives = Array.from({ length: LEAVES }, () => Promise.withResolvers<unknown>());
  const futures = Array.from({ length: LEAVES }, (_, command) =>
    Future.leaf({ leaf: { kind: "call", command } }),
  );
  for (const { promise } of natives) promise.catch(() => undefined);
  const expected = forest.map(() => "pending");
  const roots = forest.map((tree) => own(tree, futures));
  for (const [index, tree] of forest.entries()) {
    native(
      tree,
      natives.map(({ promise }) => promise),
    ).then(
      (value) => (expected[index] = shown(true, value)),
      (error: unknown) => (expected[index] = shown(false, error)),
    );
  }
  for (const root of roots) root.markAwaited();
  const history: { readonly expected: string[]; readonly actual: string[] }[] = [];
  const note = async (): Promise<void> => {
    await drained();
    const actual = roots.map(({ settled }) =>
      settled ? shown(settled.ok, settled.ok ? settled.value : settled.error) : "pending",
    );
    history.push({ expected: [...expected], actual });
  };
  event = 0;
  await note();
  for (const { leaf, ok } of events) {
    event++;
    const error = new TerminalError(`${leaf}`);
    if (ok) natives[leaf]?.resolve(leaf);
    else natives[leaf]?.reject(error);
    futures[leaf]?.settle(ok ? { ok, value: leaf, at: event } : { ok, error, at: event });
    await note();
  }
  return history;
}

const events = fc
  .tuple(
    fc.shuffledSubarray([...Array(LEAVES).keys()]),
    fc.array(fc.boolean(), { minLength: LEAVES, maxLength: LEAVES }),
  )
  .map(([order, oks]) => order.map((leaf) => ({ leaf, ok: oks[leaf] === true })));

test("trees over shared operations settle as native promises do, at the same event", async () => {
  const varied = fc.array(
    trees.filter((tree) => !hasConstant(tree)),
    { minLength: 1, maxLength: 3 },
  );
  let settled = 0;
  await fc.assert(
    fc.asyncProperty(varied, events, async (forest, order) => {
      for (const { expected, actual } of await states(forest, order)) {
        expect(actual).toEqual(expected);
        settled += actual.filter((state) => state !== "pending").length;
      }
    }),
    { numRuns: 500 },
  );
  expect(settled).toBeGreaterThan(500);
});

test("constants and empty inputs, which settle before the first event", async () => {
  const constant = (tree: Tree): Tree =>
    "leaf" in tree
      ? { constant: true }
      : "kind" in tree
        ? { kind: tree.kind, parts: tree.parts.map(constant) }
        : "map" in tree
          ? { map: constant(tree.map), how: { ...tree.how, isAsync: false } }
          : tree;
  // Constants of different depths have no first one for race or any: see the header of this file.
  const isPlain = (tree: Tree): boolean =>
    "kind" in tree
      ? tree.parts.every(tree.kind === "settled" ? isPlain : (part) => "constant" in part)
      : !("map" in tree) || isPlain(tree.map);
  await fc.assert(
    fc.asyncProperty(trees.map(constant).filter(isPlain), async (tree) => {
      const [state] = await states([tree], []);
      expect(state?.actual).toEqual(state?.expected);
    }),
    { numRuns: 300 },
  );
});
