/** An option that nobody reads is said when a file is loaded for `perdure dev`. */
import { handlers, service, type Context } from "perdure";
import { expect, test } from "vitest";
import { unknownOptions } from "../../../runtime/dev/hosts/unknown-options.ts";

const f = async (_ctx: Context): Promise<number> => 1;

test("of a service, of a handler, and of their retry policies", () => {
  const misspelt = service({
    name: "S",
    options: { retryPolicy: { maxAttempt: 3 }, abortTimout: 5 } as never,
    handlers: { g: handlers.handler({ ingresPrivate: true } as never, f), f },
  });
  const said = unknownOptions([misspelt]);
  expect(said.map((line) => line.split(" Known are: ")[0])).toEqual([
    'warning: the option "abortTimout" of S is not known and has no effect.',
    'warning: the option "maxAttempt" in the retryPolicy of S is not known and has no effect.',
    'warning: the option "ingresPrivate" of S/g is not known and has no effect.',
  ]);
  expect(said[1]).toContain(
    "Known are: exponentiationFactor, initialInterval, maxAttempts, maxInterval, onMaxAttempts.",
  );
});

test("nothing of those that are known", () => {
  const right = service({
    name: "S",
    options: { retryPolicy: { maxAttempts: 3 }, abortTimeout: 5, hooks: [] },
    handlers: { g: handlers.handler({ ingressPrivate: true, description: "x" }, f), f },
  });
  expect(unknownOptions([right, service({ name: "T", handlers: { f } })])).toEqual([]);
});
