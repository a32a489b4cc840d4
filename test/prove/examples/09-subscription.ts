import assert from "node:assert/strict";
import services, { billing } from "../../../examples/09-subscription.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  test: async (environment) => {
    const ada = environment.object(billing, "ada");
    await ada.start("basic");
    await ada.change("team");
    await environment.skip({ days: 31 });
    await ada.cancel();
    await environment.skip({ days: 31 });
    // A declined card: tried again, and then it ends.
    await environment.object(billing, "broke").start("basic");
    await environment.skip({ days: 70 });
    assert.equal((await environment.object(billing, "broke").show())?.status, "ended");
    return await ada.show();
  },
};
