/** Handlers are told what makes their attempts differ: once for each line of theirs. */
import { expect, test } from "vitest";
import { TRAPPED_PLACES_MAX } from "../../../lib/limits/author.ts";
import { usersFrame } from "../../../runtime/dev/hosts/trap-set.ts";
import { Traps } from "../../../runtime/dev/hosts/traps.ts";

function trapped(where: () => string | undefined) {
  const said: string[] = [];
  const traps = new Traps(where, (text) => void said.push(text));
  const now = (): void => traps.sprung("Date.now()", now);
  return { said, now };
}

test("once for each line", () => {
  const { said, now } = trapped(() => "M/f");
  for (let time = 0; time < 3; time++) now();
  now();
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(
    /^warning: M\/f uses Date\.now\(\) outside of a step, at .*traps\.test\.ts:\d+:\d+\)?: another attempt gets another time\. Use await ctx\.date\.now\(\), or take it in ctx\.run\. \(PERDURE_TRAPS=off turns such lines off\.\)$/u,
  );
  expect(said[1]).toMatch(/ctx\.run\.$/u);
});

test("not where no handler runs, or a step", () => {
  const { said, now } = trapped(() => undefined);
  now();
  expect(said).toEqual([]);
});

test("not without end", () => {
  const { said, now } = trapped(() => "M/f");
  for (let at = 0; at < TRAPPED_PLACES_MAX + 50; at++) {
    // A place of its own.
    // oxlint-disable-next-line typescript/no-implied-eval -- a line of its own
    const call = new Function("now", `${"\n".repeat(at)}now()`) as (trap: () => void) => void;
    call(now);
  }
  expect(said).toHaveLength(TRAPPED_PLACES_MAX);
});

test.each([
  ["Error\n    at f (/app/un.ts:4:2)\n    at g (/app/node_modules/x/y.js:1:1)", "f (/app/un.ts:4:2)"],
  ["Error\n    at f (file:///app/un.ts:4:2)", "f (/app/un.ts:4:2)"],
  ["Error\n    at Array.from (<anonymous>)\n    at f (/app/un.ts:4:2)", "f (/app/un.ts:4:2)"],
  ["Error\n    at g (/app/node_modules/pino/y.js:1:1)\n    at f (/app/un.ts:4:2)", undefined],
  ["Error\n    at g (node:internal/console:1:1)\n    at f (/app/un.ts:4:2)", undefined],
  [
    "Error\n    at run (/app/node_modules/perdure/dist/sdk/turn/step.js:1:1)\n    at f (/app/un.ts:4:2)",
    undefined,
  ],
  ["Error", undefined],
])("the caller's file decides: %j", (stack, frame) => {
  expect(usersFrame(stack)).toBe(frame);
});
