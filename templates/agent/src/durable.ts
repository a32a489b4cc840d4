import type { LanguageModelMiddleware } from "ai";
import type { Context } from "perdure";

/**
 * Makes each call of a model a step: it is recorded, so it is paid once, also if the process dies after it. A call that fails is
 * tried again.
 */
export const durable = (ctx: Context): LanguageModelMiddleware => ({
  specificationVersion: "v4",
  wrapGenerate: async ({ doGenerate, model }) =>
    await ctx.run(
      `call ${model.modelId}`,
      async () => {
        // A request's body and headers are not needed again, and may hold secrets.
        const { request: _request, response: _response, ...answer } = await doGenerate();
        return answer;
      },
      { maxRetryAttempts: 5 },
    ),
});
