import assert from "node:assert/strict";
import services, { outbox, signup, userAccount } from "../../../examples/04-signup.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  // The code is drawn.
  compare: "returned",
  test: async (environment) => {
    const email = "ada@example.com";
    const ada = environment.workflow(signup, "ada");
    const running = ada.run({ email });
    await (await environment.awakeable()).resolve("Grace");
    await environment.settled();
    const { code = "" } = (await environment.object(outbox, email).messages()).at(-1) ?? {};
    // People click twice.
    await Promise.all([ada.verifyEmail({ code }), ada.verifyEmail({ code })]);
    assert.deepEqual(await running, { status: "active", approvedBy: "Grace" });
    // Nobody approves.
    assert.deepEqual(await environment.workflow(signup, "bob").run({ email: "bob@example.com" }), {
      status: "expired",
    });
    return [
      await environment.object(userAccount, email).profile(),
      await environment.object(userAccount, "bob@example.com").profile(),
    ];
  },
};
