import { service, TerminalError, type Context } from "perdure";

/** Greets people. A step (`ctx.run`) is recorded: if this process dies, the greeting goes on after the last recorded step. */
export const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (ctx: Context, name: string) => {
      if (typeof name !== "string" || name === "") {
        // Not retried: the caller gets it.
        throw new TerminalError("Greeter/greet needs a name", { errorCode: 400 });
      }
      const greeting = await ctx.run("choose a greeting", () => chooseGreeting());
      // Nothing runs while it waits. Make it a month, if you like.
      await ctx.sleep({ seconds: 1 }, "think");
      return await ctx.run("write", () => `${greeting}, ${name}!`);
    },
  },
});

/** Stands for a call of another system. Each run may answer differently, and only the recorded answer counts. */
function chooseGreeting(): string {
  const greetings = ["Hello", "Good day", "Welcome"];
  return greetings[Math.floor(Math.random() * greetings.length)] ?? "Hello";
}

export default [greeter];
