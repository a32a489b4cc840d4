import { generateText, isStepCount, type ModelMessage, tool, wrapLanguageModel } from "ai";
import { handlers, object, type ObjectContext, type ObjectSharedContext, serde } from "perdure";
import { z } from "zod";
import { durable } from "./durable.ts";
import { model } from "./model.ts";

interface Conversation {
  history: ModelMessage[];
  /** The awakeable of a refund that waits for a person. */
  waiting: { refund: string; approval: string };
}

const Question = z
  .string()
  .min(1)
  .meta({ examples: ["Where is order o-1?"] });

/** From this amount on a person has to agree. */
const APPROVAL_CENTS = 5000;

/** A support agent, by conversation. Model calls and tools are steps: a crash repeats none that is recorded. */
export const agent = object({
  name: "Agent",
  handlers: {
    ask: handlers.object.exclusive(
      { input: serde.schema(Question) },
      async (ctx: ObjectContext<Conversation>, question: string) => {
        const messages: ModelMessage[] = [
          ...((await ctx.get("history")) ?? []),
          { role: "user", content: question },
        ];
        const { text, response } = await generateText({
          model: wrapLanguageModel({ model, middleware: durable(ctx) }),
          messages,
          tools: toolsOf(ctx),
          stopWhen: isStepCount(10),
          // Steps are retried by Perdure, and their waits are recorded.
          maxRetries: 0,
        });
        ctx.set("history", [...messages, ...response.messages]);
        return text;
      },
    ),

    /** What waits for a person: `null`, or a refund and the id with which it is approved. */
    waiting: handlers.object.shared(
      async (ctx: ObjectSharedContext<Conversation>) => await ctx.get("waiting"),
    ),
  },
});

function toolsOf(ctx: ObjectContext<Conversation>) {
  return {
    orderStatus: tool({
      description: "Where an order is",
      inputSchema: z.object({ order: z.string() }),
      execute: async ({ order }) => await ctx.run(`status of ${order}`, () => `${order} is on its way`),
    }),
    refund: tool({
      description: "Pays an order back",
      inputSchema: z.object({ order: z.string(), cents: z.int().positive() }),
      execute: async ({ order, cents }) => {
        const isAgreed = cents < APPROVAL_CENTS || (await approval(ctx, `${cents} cents for ${order}`));
        if (!isAgreed) return `The refund of ${order} was refused.`;
        return await ctx.run(`refund ${order}`, () => `${order}: ${cents} cents were paid back`);
      },
    }),
  };
}

/** Waits for a person, for a minute or for days. Nothing runs meanwhile. */
async function approval(ctx: ObjectContext<Conversation>, refund: string): Promise<boolean> {
  const { id, promise } = ctx.awakeable<boolean>();
  ctx.set("waiting", { refund, approval: id });
  await ctx.run("ask a person", () => {
    console.log(`refund ${refund}? Say true or false:`);
    console.log(`  curl localhost:8080/restate/awakeables/${id}/resolve --json 'true'`);
  });
  const isAgreed = await promise;
  ctx.clear("waiting");
  return isAgreed;
}

export default [agent];
