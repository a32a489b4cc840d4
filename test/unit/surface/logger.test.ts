/** A transport of one's own hears what handlers say with `ctx.console`, and whether they say it again. */
import { type LogMetadata, object, type ObjectContext } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { expect, test } from "vitest";

test("it is told level, source, whether it is a replay, and whose it is", async () => {
  const heard: [LogMetadata, ...unknown[]][] = [];
  const speaker = object({
    name: "Speaker",
    handlers: {
      speak: async (ctx: ObjectContext) => {
        ctx.console.log("before", { a: 1 });
        await ctx.sleep(20);
        ctx.console.warn("after");
        ctx.console.error();
      },
    },
  });
  const environment = await TestEnvironment.start({
    services: [speaker],
    logger: (metadata, ...said) => void heard.push([metadata, ...said]),
  });
  try {
    await environment.call("/Speaker/k/speak");
  } finally {
    await environment.stop();
  }
  expect(heard.map(([{ level, source, replaying }, ...said]) => [level, source, replaying, ...said])).toEqual(
    [
      ["info", "USER", false, "before", { a: 1 }],
      ["info", "USER", true, "before", { a: 1 }],
      ["warn", "USER", false, "after"],
      ["error", "USER", false, undefined],
    ],
  );
  expect(heard[0]?.[0].context).toMatchObject({
    invocationTarget: "Speaker/k/speak",
    serviceName: "Speaker",
    handlerName: "speak",
    key: "k",
    invocationId: expect.stringMatching(/^inv_/) as string,
  });
});
