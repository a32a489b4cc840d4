import { service, type Context } from "perdure";
import { createLambdaHandler } from "perdure/lambda";

const greeter = service({
  name: "Greeter",
  handlers: { greet: async (ctx: Context, name: string) => await ctx.run("greet", () => `hello ${name}`) },
});

export const handler = createLambdaHandler({ services: [greeter] });
