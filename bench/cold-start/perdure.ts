import { connectHandler } from "../../lib/aws/handler-connection.ts";
import { service, type Context } from "perdure";
import { createLambdaHandler } from "perdure/lambda";

const greeter = service({
  name: "Greeter",
  handlers: { greet: async (ctx: Context, name: string) => await ctx.run("greet", () => `hello ${name}`) },
});

export const handler = createLambdaHandler({ services: [greeter] });

/** What the SDK makes at its first event. */
export const ready = () =>
  connectHandler({
    AWS_REGION: "us-east-1",
    PERDURE_JOURNAL_TABLE: "journal",
    PERDURE_STATE_TABLE: "state",
    PERDURE_REGISTRY_TABLE: "registry",
    PERDURE_MAILBOX_URL: "https://sqs.us-east-1.amazonaws.com/000000000000/mailbox.fifo",
  });
