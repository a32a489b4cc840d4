/** R22: a cancellation and the failures of the steps that it rejects can be in two parts of an append, and a turn can die in between. */
import { expect, test } from "vitest";
import { DurablePromise } from "perdure";
import { CancelledError } from "../../../lib/errors.ts";
import type { Entry } from "../../../lib/model/entry.ts";
import { encodeOutcome, failure, success } from "../../../lib/model/outcome.ts";
import { bytes, cancelled, run } from "../../support/entries.ts";
import { turnOfService } from "../../support/transcript.ts";

const { code, message } = new CancelledError();
const rejected = (command: number, name: string): Entry =>
  run(command, name, encodeOutcome(failure(code, message)));

test.each<[string, readonly Entry[], readonly Entry[]]>([
  ["neither", [], [rejected(0, "a"), rejected(1, "b")]],
  ["one", [rejected(0, "a")], [rejected(1, "b")]],
  ["both", [rejected(0, "a"), rejected(1, "b")], []],
])("the log has %s of two failures: no step is started", async (_, log, missing) => {
  const started: string[] = [];
  const begin = (name: string) => () => void started.push(name);
  const transcript = await turnOfService(
    async (ctx) => {
      const steps = ["a", "b"].map((name) => ctx.run(name, begin(name)));
      const ended = await DurablePromise.all(steps).then(
        () => "done",
        (error: unknown) => (error instanceof CancelledError ? "cancelled" : "failed"),
      );
      await ctx.run("undo", begin("undo"));
      return ended;
    },
    { log: [cancelled("d"), ...log] },
  );
  expect(started).toEqual(["undo"]);
  const appended = transcript.flatMap((each) => ("append" in each ? (each.append as Entry[]) : []));
  expect(appended).toEqual([...missing, run(2, "undo", expect.anything() as never)]);
  expect(transcript.at(-2)).toMatchObject({ status: "completed", outcome: success(bytes('"cancelled"')) });
});
