import { createEndpointHandler, service, type Context } from "perdure/restate/lambda";

// The bundler puts Restate's own SDK in place of the module that has its names.
const greeter = service({
  name: "Greeter",
  handlers: { greet: async (ctx: Context, name: string) => await ctx.run("greet", () => `hello ${name}`) },
});

export const handler = createEndpointHandler({ services: [greeter] });
