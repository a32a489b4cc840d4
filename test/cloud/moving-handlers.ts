/** One module for all functions of test/cloud/moving.test.ts: its environment says what it serves, and how it loads. */
import { service, workflow } from "perdure";
import type { WorkflowContext, WorkflowSharedContext } from "perdure";

const CODE = process.env["PERDURE_CLOUD_CODE"] ?? "both";
const WHERE = process.env["PERDURE_CLOUD_WHERE"] ?? "";

if (CODE === "hang") await new Promise((resolve) => void setTimeout(resolve, 3_600_000));
if (CODE === "throw") throw new Error("the database does not answer");

const say = async (): Promise<string> => WHERE;
const stays = service({
  name: "Stays",
  handlers: CODE === "without a handler" ? { where: say } : { where: say, more: say },
});
/** Suspends, and answers where it began and ended. */
const moves = workflow({
  name: "Moves",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      const began = await ctx.run(CODE === "diverging" ? "place" : "where", () => WHERE);
      await ctx.promise("go");
      ctx.set("ended", WHERE);
      return { began, ended: await ctx.run("where", (): string => WHERE) };
    },
    go: async (ctx: WorkflowSharedContext) => {
      await ctx.promise("go").resolve();
    },
  },
});

export default CODE === "one" ? [stays] : CODE === "two" ? [moves] : [stays, moves];
