// What `perdure dev` prints about invocations.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server, until } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "powers.ts", args: ["--no-watch", "--verbose"] });
});
afterAll(async () => {
  await server.stop();
});

const printed = async (line: RegExp): Promise<void> => {
  await until(
    () => server.output,
    (output) => line.test(output),
  );
};

test("a start, steps, an end; a suspension; what was killed has no turn, and has a line", async () => {
  const gate = join(server.folder, "gate");
  writeFileSync(gate, "");
  await server.call("/Trip/book", { effects: join(server.folder, "effects"), gate });
  await printed(/^\d\d:\d\d:\d\d ▶ Trip\/book started {2}inv_1\w+$/mu);
  await printed(/^\d\d:\d\d:\d\d · Trip\/book step "flight" took \d+ms {2}inv_1\w+$/mu);
  await printed(/^\d\d:\d\d:\d\d ✓ Trip\/book succeeded in \w+, 3 steps {2}inv_1\w+$/mu);
  const id = await server.send("/Reminder/ada/later", 3);
  await printed(
    / ☾ Reminder\/ada\/later suspended until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: waits for the sleep "until then"/u,
  );
  await server.admin(`/invocations/${id}/kill`, "PATCH");
  await printed(/ ⊘ Reminder\/ada\/later was killed in \w+, 1 step /u);
  expect(server.output.match(/Trip\/book succeeded/gu)).toHaveLength(1);
});
