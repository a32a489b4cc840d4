/**
 * An AI agent that plans a trip: a loop of model calls and tools. Each is a recorded step, so a crash repeats no model call that was
 * answered, and no booking. Before it spends money it waits for a person, for up to a day, and nothing runs meanwhile.
 *
 * The model is a stand-in, so the example needs no key. `perdure init --template agent` has the Vercel AI SDK in its place.
 */
import { DurablePromise, handlers, TerminalError, TimeoutError, workflow } from "perdure";
import type { WorkflowContext, WorkflowSharedContext } from "perdure";

interface Message {
  role: "user" | "model" | "tool";
  text: string;
}
interface ToolCall {
  tool: "search" | "weather" | "book";
  input: string;
}
interface Answer {
  text: string;
  calls: ToolCall[];
}
interface TripState {
  messages: Message[];
  /** What a person is asked. */
  question: string;
}
type TripContext = WorkflowContext<TripState>;

/** So a model that never comes to an end does not cost without an end. */
const TURNS_MAX = 8;
/** A model that is overloaded is asked again. */
const MODEL = { maxRetryAttempts: 5, initialRetryInterval: 100 };

/** Keyed by the trip. */
export const trip = workflow({
  name: "Trip",
  handlers: {
    run: async (ctx: TripContext, wish: string) => {
      if (typeof wish !== "string" || wish === "")
        throw new TerminalError("Say where you want to go", { errorCode: 400 });
      const messages: Message[] = [{ role: "user", text: wish }];
      for (let turn = 1; turn <= TURNS_MAX; turn++) {
        ctx.set("messages", messages);
        const { text, calls } = await ctx.run(`think ${turn}`, () => think(messages), MODEL);
        if (calls.length === 0) return text;
        messages.push({ role: "model", text: calls.map(({ tool, input }) => `${tool} ${input}`).join(", ") });
        for (const result of await useTools(ctx, calls)) messages.push({ role: "tool", text: result });
      }
      throw new TerminalError(`No plan after ${TURNS_MAX} turns`, { errorCode: 508 });
    },

    /** A person agrees, or not. */
    decide: async (ctx: WorkflowSharedContext<TripState>, isAgreed: boolean) => {
      if ((await ctx.get("question")) === null)
        throw new TerminalError("Nothing is asked", { errorCode: 409 });
      await ctx.promise<boolean>("approval").resolve(isAgreed);
    },

    question: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext<TripState>) => await ctx.get("question"),
    ),
    messages: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext<TripState>) => (await ctx.get("messages")) ?? [],
    ),
  },
});

/** What only reads runs side by side. What spends money is asked for. */
async function useTools(ctx: TripContext, calls: readonly ToolCall[]): Promise<string[]> {
  const booking = calls.find(({ tool }) => tool === "book");
  if (booking) return [await book(ctx, booking.input)];
  const steps = calls.map(({ tool, input }) => ctx.run(`${tool} ${input}`, () => TOOLS[tool](input)));
  return await DurablePromise.all(steps);
}

async function book(ctx: TripContext, what: string): Promise<string> {
  ctx.set("question", `Book ${what}?`);
  try {
    const isAgreed = await ctx.promise<boolean>("approval").get().orTimeout({ days: 1 });
    if (!isAgreed) return "the user does not want it";
    // The airline recognises a repetition by the trip's key.
    return await ctx.run(`book ${what}`, () => TOOLS.book(`${what} for ${ctx.key}`));
  } catch (error) {
    if (error instanceof TimeoutError) return "the user has not answered";
    throw error;
  } finally {
    ctx.clear("question");
  }
}

/** Stand-ins for services of others. Each prints a line, so that you see how often it is asked. */
const TOOLS = {
  search: (city: string) => said(`search ${city}`, `a flight to ${city} for 120`),
  weather: (city: string) => said(`weather ${city}`, `sunny in ${city}`),
  book: (what: string) => said(`book ${what}`, `booked: ${what}`),
} satisfies Record<ToolCall["tool"], (input: string) => string>;

function said(line: string, result: string): string {
  console.log(line);
  return result;
}

/** Stands for a model: it looks for a flight and the weather, wants to book, and sums up. */
async function think(messages: readonly Message[]): Promise<Answer> {
  console.log(`model, ${messages.length} messages`);
  const city = messages[0]?.text.split(" ").at(-1) ?? "";
  const results = messages.filter(({ role }) => role === "tool").map(({ text }) => text);
  if (results.length === 0) {
    const calls: ToolCall[] = [
      { tool: "search", input: city },
      { tool: "weather", input: city },
    ];
    return { text: "", calls };
  }
  if (results.length === 2) return { text: "", calls: [{ tool: "book", input: results[0] ?? "" }] };
  return { text: `Your trip: ${results.slice(1).join("; ")}`, calls: [] };
}

export default [trip];
