import { service, type Context } from "perdure";

export const app = service({
  name: "App",
  handlers: {
    hello: async (ctx: Context) => await ctx.run("say hello", () => "Hello!"),
  },
});

export default [app];
