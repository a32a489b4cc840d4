import assert from "node:assert/strict";
import services, { tableImport } from "../../../examples/10-page.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  test: async (environment) => {
    const client = environment.workflow(tableImport, "i-1");
    const running = client.run("tea\ncup");
    await environment.settled();
    assert.deepEqual(await client.show(), { status: "waiting", rows: 2 });
    await client.confirm(true);
    assert.equal(await running, 2);
    return await client.show();
  },
};
