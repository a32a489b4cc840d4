/** The requests to the examples, the same on both servers: results, failures, retries, waits, cancellations, repeats. */
import type { Client } from "./client.ts";

const GET = { method: "GET" };
const includes = (wanted: string) => (body: unknown) => JSON.stringify(body ?? null).includes(wanted);
const idOf = (body: unknown): string => (body as { invocationId: string }).invocationId;

export async function scenario(client: Client): Promise<void> {
  await greeter(client);
  await bankAccount(client);
  await orderSaga(client);
  await signup(client);
  await ingress(client);
}

async function greeter(client: Client): Promise<void> {
  await client.ask("/Greeter/greet", { body: { name: "Ada", language: "fr" } });
  await client.ask("/Greeter/greet", { body: { name: "" } });
  await client.ask("/Greeter/greet", { body: { name: "Ada", language: "xx" } });
  await client.ask("/Greeter/greet");
  await client.ask("/Greeter/sendCard", { body: { name: "Ada", dryingMs: 50 } });
  const once = { body: { name: "Ada", dryingMs: 10 }, headers: { "idempotency-key": "card 1" } };
  await client.ask("/Greeter/sendCard", once);
  await client.ask("/Greeter/sendCard", once);
  await client.ask("/Greeter/sendCard/send", once);
  await client.ask("/restate/attach", {
    body: {
      ...{ target: "idempotentInvocation", service: "Greeter", handler: "sendCard" },
      idempotencyKey: "card 1",
    },
  });
  const sent = await client.ask("/Greeter/sendCard/send", { body: { name: "Ada", dryingMs: 300 } });
  await client.ask(`/restate/invocation/${idOf(sent)}/output`, GET);
  await client.ask(`/restate/invocation/${idOf(sent)}/attach`, GET);
  await client.ask(`/restate/invocation/${idOf(sent)}/output`, GET);
}

async function bankAccount(client: Client): Promise<void> {
  await client.ask("/Account/ada/deposit", { body: { cents: 1000, reference: "wage" } });
  await client.ask("/Account/ada/deposit", { body: { cents: 1000, reference: "wage" } });
  await client.ask("/Account/ada/withdraw", { body: { cents: 2000 } });
  await client.ask("/Account/ada/withdraw", { body: { cents: -1 } });
  await client.ask("/Account/ada/withdraw");
  const order = { from: "ada", to: "bob", cents: 300 };
  await client.ask("/Transfer/t1/execute", { body: order });
  await client.ask("/Transfer/t1/execute", { body: order });
  await client.ask("/Transfer/t1/execute", { body: { ...order, cents: 400 } });
  await client.ask("/Transfer/t2/execute", { body: { ...order, cents: 5000 } });
  await client.ask("/Account/bob/close");
  await client.ask("/Account/bob/withdraw", { body: { cents: 300, reference: "all" } });
  await client.ask("/Account/bob/close");
  await client.ask("/Transfer/t3/execute", { body: order });
  await client.ask("/Account/ada/balance");
  await client.ask("/Account/a%20key%2Fwith%20a%20slash/deposit", { body: { cents: 1, reference: "x" } });
  await client.ask("/Account/a%20key%2Fwith%20a%20slash/statement");
  await client.ask("/Account/none/statement");
}

async function orderSaga(client: Client): Promise<void> {
  const request = { card: "visa", city: "Lyon", items: [{ sku: "teapot", quantity: 1 }], packing: 50 };
  await client.ask("/Order/o1/run", { body: request });
  await client.ask("/Order/o1/run", { body: request });
  await client.ask("/Order/o1/run/send", { body: request });
  await client.ask("/restate/workflow/Order/o1/attach", GET);
  await client.ask("/restate/workflow/Order/o1/output", GET);
  await client.ask("/Order/o1/status");
  await client.ask("/Order/o2/run", { body: { ...request, items: [{ sku: "moon", quantity: 1 }] } });
  await client.ask("/Order/o3/run", { body: { ...request, items: [{ sku: "cup", quantity: 99 }] } });
  await client.ask("/Order/o4/run", { body: { card: "visa" } });
  const sent = await client.ask("/Order/o5/run/send", {
    body: { ...request, city: "Rome", packing: 60_000 },
  });
  await client.until("/Order/o5/status", includes("packing"));
  await client.ask("/restate/workflow/Order/o5/output", GET);
  await client.admin(`/invocations/${idOf(sent)}/cancel`, "PATCH");
  await client.ask("/restate/workflow/Order/o5/attach", GET);
  await client.ask("/Order/o5/status");
  await client.ask("/PaymentGateway/visa/ledger");
  await client.ask("/Warehouse/teapot/stock");
  await client.ask("/Courier/Rome/ledger");
  await client.admin(`/invocations/${idOf(sent)}/cancel`, "PATCH");
}

async function signup(client: Client): Promise<void> {
  const [ada, bob, eve, dan] = ["ada", "bob", "eve", "dan"].map((name) => ({ email: `${name}@example.org` }));
  await client.ask("/Signup/ada/run/send", { body: ada });
  const moderator = await client.until("/Outbox/moderator/messages", includes("May ada join"));
  await client.ask("/Signup/ada/verifyEmail", { body: { code: "1" } });
  await client.ask(`/restate/awakeables/${approvalIn(moderator)}/resolve`, { body: "mo" });
  const mail = (await client.until(`/Outbox/ada@example.org/messages`, includes("verify"))) as {
    code: string;
  }[];
  await client.ask("/Signup/ada/status");
  await client.ask("/Signup/ada/verifyEmail", { body: { code: "wrong" } });
  await client.ask("/Signup/ada/verifyEmail", { body: { code: mail[0]?.code } });
  await client.ask("/restate/workflow/Signup/ada/attach", GET);
  await client.ask("/Signup/ada/verifyEmail", { body: { code: mail[0]?.code } });
  await client.ask("/UserAccount/ada@example.org/profile");

  await client.ask("/Signup/bob/run/send", { body: bob });
  const asked = await client.until("/Outbox/moderator/messages", includes("May bob join"));
  await client.ask(`/restate/awakeables/${approvalIn(asked)}/reject`, {
    headers: { "content-type": "text/plain" },
    body: "no",
  });
  await client.ask("/restate/workflow/Signup/bob/attach", GET);
  await client.ask("/Signup/eve/run", { body: { ...eve, approvalMs: 100 } });
  await client.ask("/Signup/late/run", { body: { email: "ada@example.org" } });
  await client.ask("/Signup/dan/run", { body: { ...dan, email: "nonsense" } });
  await client.ask("/Signup/dan/status");
}

const approvalIn = (messages: unknown): string => (messages as { approval: string }[]).at(-1)?.approval ?? "";

async function ingress(client: Client): Promise<void> {
  await client.ask("/Nobody/greet", { body: {} });
  await client.ask("/Greeter/nothing", { body: {} });
  await client.ask("/restate/workflow/Order/none/output", GET);
  await client.ask("/restate/workflow/Order/none/attach", GET);
  await client.ask("/restate/awakeables/nonsense/resolve", { body: 1 });
  await client.ask("/restate/call/Greeter/greet", { body: { name: "Bob" } });
  await client.ask("/restate/call/Account/zoe/deposit", { body: { cents: 5, reference: "r" } });
  await client.ask("/Account/zoe/deposit/send?delay=100ms", { body: { cents: 5, reference: "s" } });
  await client.until("/Account/zoe/balance", (balance) => balance === 10);
  await client.ask("/Account/zoe/balance");
}
