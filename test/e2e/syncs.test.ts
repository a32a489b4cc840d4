/** With `--durability power`: how often a call waits for the disk, exactly. What a call writes and nobody waits for costs no sync. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Disk } from "./disk.ts";
import { PACKAGE_ROOT, Server } from "./server.ts";

const CALLS = 5;
const disk = new Disk();
let server: Server;
beforeAll(async () => {
  const file = join(PACKAGE_ROOT, "bench/local-speed/serve-perdure.ts");
  server = await Server.start({ file, args: ["--no-watch", "--durability", "power"], env: disk.env });
});
afterAll(async () => {
  await server.stop();
  disk.remove();
});

test.each([
  // Its end, before the answer.
  ["a call without a step", "/Noop/call", undefined, 1],
  // The message, the end with the state, and the deletion of the message are three commits. Only the answer waits.
  ["a call of an object", "/Counter/k/add", 1, 1],
  // Its guard, each step but the last, and the end with the last one. That the guard is dropped is a commit, too.
  ["ten steps", "/Steps/ten", undefined, 11],
])("%s", async (_name, path, body, syncs) => {
  await server.call(path, body);
  for (let call = 0; call < CALLS; call++) {
    const before = disk.syncs;
    await server.call(path, body);
    expect(disk.syncs - before).toBe(syncs);
  }
});
