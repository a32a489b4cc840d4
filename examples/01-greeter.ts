/**
 * A service: async functions whose steps are recorded. Kill the server at any point. When it is back, the handler runs from
 * its top again. It takes the results of recorded steps instead of running them again, and continues after them.
 */
import { service, TerminalError, type Context } from "perdure";

interface Guest {
  name: string;
  language?: string;
}

interface CardRequest extends Guest {
  dryingMs?: number;
}

export const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (ctx: Context, input: Guest) => {
      const guest = checkGuest(input);
      const hello = await ctx.run("look up greeting", () => lookUp(guest.language));
      return `${hello}, ${guest.name}!`;
    },

    sendCard: async (ctx: Context, input: CardRequest) => {
      const guest = checkGuest(input);
      // It is the same on each replay. So the translator recognises a card that it has been asked for before.
      const cardId = ctx.rand.uuidv4();

      // The first two attempts fail. They are repeated after 20 and 40 ms. Only the good result is recorded.
      const translation = await ctx.run("translate", () => translate(cardId, guest), {
        maxRetryAttempts: 5,
        initialRetryInterval: 20,
      });

      // Nothing runs while the ink dries, whether for a second or for a month.
      await ctx.sleep(input.dryingMs ?? 1000, "let the ink dry");

      const postedAt = await ctx.run("post", () => new Date().toISOString());
      return { cardId, ...translation, postedAt };
    },
  },
});

/** A terminal error ends the invocation, and the caller gets it. Any other error is retried. */
function checkGuest(input: Guest | undefined): Required<Guest> {
  if (typeof input?.name !== "string" || input.name.trim() === "") {
    throw new TerminalError("A guest needs a name", { errorCode: 400 });
  }
  return { name: input.name.trim(), language: input.language ?? "en" };
}

const greetings = new Map([
  ["en", "Hello"],
  ["fr", "Bonjour"],
  ["nl", "Dag"],
  ["pt", "Olá"],
]);

function lookUp(language: string): string {
  const hello = greetings.get(language);
  // A retry would not help, so this error is terminal too.
  if (hello === undefined) throw new TerminalError(`No greeting in "${language}"`, { errorCode: 404 });
  return hello;
}

/** Stands for a remote translator that is overloaded. It refuses the first two requests for each card. */
function translate(cardId: string, guest: Required<Guest>) {
  const attempts = (requests.get(cardId) ?? 0) + 1;
  requests.set(cardId, attempts);
  if (attempts <= 2) throw new Error(`The translator is overloaded (attempt ${attempts})`);
  return { text: `${lookUp(guest.language)}, ${guest.name}!`, attempts };
}

const requests = new Map<string, number>();

export default [greeter];
