/**
 * A stand-in for a model, so that you need no key. It knows two tools and no language.
 *
 * For a real one install a provider, and export its model instead:
 *
 *   import { openai } from "@ai-sdk/openai";
 *   export const model = openai("gpt-5");
 */
import { MockLanguageModelV4 } from "ai/test";

const usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

type Answer = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>;

const say = (text: string): Answer => ({
  content: [{ type: "text", text }],
  finishReason: { unified: "stop", raw: undefined },
  usage,
  warnings: [],
});

const use = (toolName: string, input: object, toolCallId: string): Answer => ({
  content: [{ type: "tool-call", toolCallId, toolName, input: JSON.stringify(input) }],
  finishReason: { unified: "tool-calls", raw: undefined },
  usage,
  warnings: [],
});

export const model = new MockLanguageModelV4({
  modelId: "stand-in",
  doGenerate: async ({ prompt }) => {
    const last = prompt.at(-1);
    const part = typeof last?.content === "string" ? undefined : last?.content[0];
    if (part?.type === "tool-result" && part.output.type === "text") return say(part.output.value);
    const question = part?.type === "text" ? part.text : "";
    const order = /\bo-\d+\b/.exec(question)?.[0];
    if (order === undefined) return say("Which order is it? Say its number, such as o-1.");
    const id = `call-${prompt.length}`;
    const euros = /(\d+) (?:euro|dollar)/.exec(question)?.[1];
    return euros === undefined
      ? use("orderStatus", { order }, id)
      : use("refund", { order, cents: Number(euros) * 100 }, id);
  },
});
