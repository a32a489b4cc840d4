/** Wait trees and futures agree. A suspended invocation is woken when its await can end. The events alone decide who wins. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Note } from "../../lib/model/entry.ts";
import { TerminalError } from "../../lib/errors.ts";
import { Future, type MapperHost } from "../../lib/turn/future.ts";
import { canProgress } from "../../lib/model/wait.ts";

const LEAVES = 6;

type Tree =
  | { readonly leaf: number }
  | { readonly kind: "all" | "any" | "race" | "settled"; readonly parts: readonly Tree[] }
  /** `flip`: a failure becomes a success and the reverse. */
  | { readonly map: Tree; readonly flip: boolean };

function treesOf(
  kinds: readonly ("all" | "any" | "race" | "settled")[],
  mapped: boolean,
): fc.Arbitrary<Tree> {
  return fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.integer({ min: 0, max: LEAVES - 1 }).map((leaf): Tree => ({ leaf })),
      fc
        .tuple(fc.constantFrom(...kinds), fc.array(tie("tree"), { maxLength: 4 }))
        .map(([kind, parts]): Tree => ({ kind, parts })),
      ...(mapped ? [fc.tuple(tie("tree"), fc.boolean()).map(([map, flip]): Tree => ({ map, flip }))] : []),
    ),
  })).tree;
}

function flipped(value: unknown, error: Error | undefined): unknown {
  if (error) return `healed ${error.message}`;
  throw new TerminalError(`broken ${JSON.stringify(value)}`);
}

function same(value: unknown, error: Error | undefined): unknown {
  if (error) throw error;
  return value;
}

/** An AggregateError is not terminal, but it is not a bug of the mapper either. */
const HOST: MapperHost = {
  run: (mapper) => mapper(),
  event: 0,
  takes: () => true,
  isTerminal: () => true,
  fatal: () => undefined,
};

/** A tree of futures over shared leaves. */
class Grown {
  readonly leaves = Array.from({ length: LEAVES }, (_, command) =>
    Future.leaf({ leaf: { kind: "call", command } }),
  );
  readonly root: Future;

  constructor(tree: Tree) {
    this.root = this.#grow(tree);
  }

  #grow(tree: Tree): Future {
    if ("leaf" in tree) return this.leaves[tree.leaf] as Future;
    if ("kind" in tree)
      return Future.combine(
        tree.kind,
        tree.parts.map((part) => this.#grow(part)),
      );
    return Future.map(this.#grow(tree.map), tree.flip ? flipped : same, () => HOST);
  }

  settle({ command, ok }: Event, at: number): void {
    const leaf = this.leaves[command];
    if (ok) leaf?.settle({ ok, value: command, at });
    else leaf?.settle({ ok, error: new TerminalError(String(command)), at });
  }

  get result(): string {
    const { settled } = this.root;
    if (!settled) return "pending";
    return settled.ok
      ? `${settled.at}: ${JSON.stringify(settled.value)}`
      : `${settled.at}: ${settled.error.message}`;
  }
}

interface Event {
  readonly command: number;
  readonly ok: boolean;
}
const events = fc
  .tuple(
    fc.shuffledSubarray([...Array(LEAVES).keys()], { minLength: 0 }),
    fc.array(fc.boolean(), { minLength: LEAVES, maxLength: LEAVES }),
  )
  .map(([commands, oks]) => commands.map((command, index): Event => ({ command, ok: oks[index] ?? true })));

const noteOf = ({ command, ok }: Event): Note => ({
  ...{ kind: "completion", command },
  outcome: ok ? new Uint8Array(0) : [500, String(command)],
});

const anyTree = treesOf(["all", "any", "race", "settled"], true);

test("L1: no wake-up is lost: an await that notes would end, can progress", () => {
  fc.assert(
    fc.property(anyTree, events, fc.nat(LEAVES), (tree, all, suspendAt) => {
      const grown = new Grown(tree);
      grown.root.markAwaited();
      all.slice(0, suspendAt).forEach((event, index) => grown.settle(event, index + 1));
      if (grown.root.settled) return;
      const wait = grown.root.wait();
      const rest = all.slice(suspendAt);
      for (const [index, event] of rest.entries()) {
        grown.settle(event, suspendAt + index + 1);
        const wakes = canProgress(wait, rest.slice(0, index + 1).map(noteOf));
        if (grown.root.settled) expect(wakes).toBe(true);
        if (!wakes) expect(grown.root.settled).toBeUndefined();
      }
    }),
    { numRuns: 2000 },
  );
});

test("nor is one woken too early, where the tree says all that matters", () => {
  fc.assert(
    fc.property(treesOf(["all", "any", "settled"], false), events, (tree, all) => {
      const grown = new Grown(tree);
      grown.root.markAwaited();
      if (grown.root.settled) return;
      const wait = grown.root.wait();
      for (const [index, event] of all.entries()) {
        grown.settle(event, index + 1);
        expect(canProgress(wait, all.slice(0, index + 1).map(noteOf))).toBe(grown.root.settled !== undefined);
      }
    }),
    { numRuns: 1000 },
  );
});

test("D1: the result does not depend on when a combinator is built or awaited", () => {
  fc.assert(
    fc.property(anyTree, events, fc.nat(LEAVES), fc.nat(LEAVES), (tree, all, oneMoment, otherMoment) => {
      const awaitedAt = (moment: number): string => {
        const grown = new Grown(tree);
        all.forEach((event, index) => {
          if (index === moment) grown.root.markAwaited();
          grown.settle(event, index + 1);
        });
        grown.root.markAwaited();
        return grown.result;
      };
      expect(awaitedAt(oneMoment)).toBe(awaitedAt(otherMoment));
    }),
    { numRuns: 2000 },
  );
});
