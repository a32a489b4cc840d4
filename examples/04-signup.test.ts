import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer, until } from "./support/server.ts";

interface Message {
  text: string;
  approval?: string;
  code?: string;
}

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start("04-signup.ts");
});
afterAll(() => server?.stop());

const status = (user: string) => server.call<string | null>(`Signup/${user}/status`);
const profile = (email: string) => server.call(`UserAccount/${email}/profile`);

/** Waits for the last message of a box whose text contains `about`. */
async function message(box: string, about: string): Promise<Message> {
  const found = await until(
    async () =>
      (await server.call<Message[]>(`Outbox/${box}/messages`)).findLast(({ text }) => text.includes(about)),
    (mail) => mail !== undefined,
  );
  return found ?? { text: "" };
}

async function approvalOf(user: string): Promise<string> {
  const { approval } = await message("moderator", ` ${user} `);
  return `restate/awakeables/${approval}`;
}

test("approved and verified: active", async () => {
  const id = await server.send("Signup/ada/run", { email: "ada@example.com" });
  const approval = await approvalOf("ada");
  await expect(status("ada")).resolves.toBe("awaiting approval");
  await expect(server.call("Signup/ada/verifyEmail", { code: "1" })).rejects.toMatchObject({ status: 409 });

  await server.call(`${approval}/resolve`, "Grace");
  const { code } = await message("ada@example.com", "verify");
  await expect(status("ada")).resolves.toBe("awaiting verification");
  await expect(server.call("Signup/ada/verifyEmail", { code: "1" })).rejects.toMatchObject({ status: 403 });
  await expect(profile("ada@example.com")).resolves.toEqual({ user: "ada", active: false });

  await server.call("Signup/ada/verifyEmail", { code });
  await expect(server.attach(id)).resolves.toEqual({ status: "active", approvedBy: "Grace" });
  await server.call("Signup/ada/verifyEmail", { code });
  await expect(status("ada")).resolves.toBe("active");
  await expect(profile("ada@example.com")).resolves.toEqual({ user: "ada", active: true });
});

test("rejected: the address is free again", async () => {
  const id = await server.send("Signup/bob/run", { email: "bob@example.com" });
  await server.call(`${await approvalOf("bob")}/reject`, "we know no Bob");
  const result = await server.attach<{ status: string; reason: string }>(id);
  expect(result.status).toBe("rejected");
  expect(result.reason).toContain("we know no Bob");
  await expect(profile("bob@example.com")).resolves.toBeNull();
});

test("nobody approves: expired", async () => {
  await expect(
    server.call("Signup/carl/run", { email: "carl@example.com", approvalMs: 100 }),
  ).resolves.toEqual({
    status: "expired",
  });
  await expect(status("carl")).resolves.toBe("expired");
  await expect(profile("carl@example.com")).resolves.toBeNull();
});

test("the address is not verified in time: unverified", async () => {
  const id = await server.send("Signup/dora/run", { email: "dora@example.com", verificationMs: 100 });
  await server.call(`${await approvalOf("dora")}/resolve`, "Grace");
  await expect(server.attach(id)).resolves.toEqual({ status: "unverified" });
  await expect(profile("dora@example.com")).resolves.toBeNull();
});

test("an address is taken once, a user signs up once", async () => {
  const id = await server.send("Signup/eve/run", { email: "eve@example.com" });
  await approvalOf("eve");
  await expect(server.call("Signup/mallory/run", { email: "eve@example.com" })).rejects.toMatchObject({
    status: 409,
    message: "eve@example.com is taken",
  });
  await expect(profile("eve@example.com")).resolves.toEqual({ user: "eve", active: false });
  await expect(server.call("Signup/eve/run", { email: "eve@example.org" })).rejects.toMatchObject({
    status: 409,
  });

  await server.admin("PATCH", `invocations/${id}/cancel`);
  await expect(server.attach(id)).rejects.toMatchObject({ status: 409 });
  await expect(profile("eve@example.com")).resolves.toBeNull();
});

test("a text that is not an address is refused", async () => {
  await expect(server.call("Signup/fay/run", { email: "fay" })).rejects.toMatchObject({ status: 400 });
});
