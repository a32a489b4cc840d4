// A jump of the clock beside turns that run: guards are due at once, and no turn is run a second time.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Server, until } from "./server.ts";

const NAMES = ["at the door", "called from the door", "called by a queue's turn", "by the queue"];

test.each([500, 1200, 3000])("after %d ms of a turn, and once more", async (ms) => {
  const server = await Server.start({ file: "powers.ts", args: ["--no-watch"] });
  try {
    const gate = join(server.folder, "gate");
    const effectsOf = (name: string): string => join(server.folder, `${name}.effects`);
    const lines = (name: string): string[] =>
      existsSync(effectsOf(name)) ? readFileSync(effectsOf(name), "utf8").trim().split("\n") : [];
    const [door, called, sent, queued] = NAMES.map((name) => ({ effects: effectsOf(name), gate }));
    const answers = [
      server.call("/Trip/book", door),
      server.call("/Trip/call", called),
      server.send("/Trip/call", sent).then(async (id) => (await server.attach(id)).json),
      server.send("/Trip/book", queued).then(async (id) => (await server.attach(id)).json),
    ];
    for (const name of NAMES)
      await until(
        () => lines(name),
        (found) => found.includes("hotel"),
      );
    const jump = async () => await server.request(`${server.adminUrl}/dev/clock`, { body: { by: "10d" } });
    await sleep(ms);
    await jump();
    await sleep(1500);
    await jump();
    // So long that the guards that were set meanwhile have come.
    await sleep(6000);
    writeFileSync(gate, "");
    expect(await Promise.all(answers)).toEqual(NAMES.map(() => "booked"));
    for (const name of NAMES) expect([name, ...lines(name)]).toEqual([name, "flight", "hotel", "confirm"]);
  } finally {
    await server.stop();
  }
});
