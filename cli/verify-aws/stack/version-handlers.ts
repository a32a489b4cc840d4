/** What is deployed again and again, in variants. */
import {
  type Context,
  service,
  workflow,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "../../../sdk/index.ts";
import { VERIFY_VARIABLES } from "./variables.ts";

const BUILD = process.env[VERIFY_VARIABLES.build] ?? "1";
const VARIANT = process.env[VERIFY_VARIABLES.variant] ?? "plain";
if (VARIANT === "throws") throw new Error("this build throws at load, on purpose");

const isBroken = VARIANT.startsWith("breaking") || VARIANT === "moved";

const versions = service({
  name: "Versions",
  handlers: {
    build: async () => BUILD,
    ...(isBroken ? {} : { old: async (_ctx: Context) => "still here" }),
  },
});

/** Returns the builds on which it began and ended. */
const across = workflow({
  name: "Across",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      const began = await ctx.run("build", () => BUILD);
      await ctx.promise("go");
      return { began, ended: BUILD };
    },
    go: async (ctx: WorkflowSharedContext) => {
      await ctx.promise("go").resolve();
    },
  },
});

export default [versions, across];
