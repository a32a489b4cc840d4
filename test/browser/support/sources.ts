/** Subscriptions of the shop: one that is well, one whose records were set aside, a schedule, and one that is paused. */
import { join } from "node:path";
import { Server } from "../../e2e/server.ts";

/** A key that tries to break the page that shows it. */
export const HOSTILE_KEY = "<img src=x onerror=alert(1)>\u202E";

export const message = (id: string, body: string, queue: string): object => ({
  messageId: id,
  body,
  attributes: { ApproximateReceiveCount: "1", SentTimestamp: String(Date.now()) },
  messageAttributes: { note: { stringValue: HOSTILE_KEY, dataType: "String" } },
  ...{ eventSource: "aws:sqs", eventSourceARN: `arn:aws:sqs:eu-west-1:123456789012:${queue}` },
});

const SUBSCRIPTIONS = [
  { name: "mails", source: "sqs://mails", sink: "service://Mailer/send" },
  {
    ...{ name: "stock", source: "sqs://stock", sink: "service://Inventory/reserve" },
    options: { "perdure.key": "json:$.sku" },
  },
  {
    ...{ name: "nightly", source: "schedule://nightly", sink: "service://Reminder/remind" },
    options: { "perdure.schedule": "0 2 * * *", "perdure.timezone": "Europe/Berlin" },
  },
  {
    ...{ name: "hourly", source: "schedule://hourly", sink: "service://Reminder/remind" },
    options: { "perdure.schedule": "rate(1 hour)" },
  },
];

export async function openSources(): Promise<Server> {
  const server = await Server.start({ file: join(import.meta.dirname, "../fixtures/shop.ts") });
  const asked = async (path: string, body: unknown, method = "POST"): Promise<void> => {
    const { status, text } = await server.request(`${server.adminUrl}${path}`, { method, body });
    if (status >= 400) throw new Error(`${path}: ${status} ${text}`);
  };
  for (const each of SUBSCRIPTIONS) await asked("/subscriptions", each);
  await asked("/subscriptions/hourly", { paused: true }, "PATCH");
  const mail = JSON.stringify({ to: "ada@example.com", subject: "Welcome" });
  await asked("/events/mails", { Records: [1, 2, 3].map((id) => message(`m${id}`, mail, "mails")) });
  await asked("/events/stock", {
    Records: [
      message("s1", JSON.stringify({ sku: "sku-0092" }), "stock"),
      message("s2", JSON.stringify({ name: HOSTILE_KEY }), "stock"),
      message("s3", "no JSON at all", "stock"),
    ],
  });
  return server;
}
