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

/** Each way in which a turn runs: its path, and how it is asked for. `once`: one long step, so it has no head for a while. */
const WAYS = [
  ["door", "/Trip/book", "call"],
  ["door, once", "/Trip/once", "call"],
  ["door, by a name", "/Trip/book", "named"],
  ["called from the door", "/Trip/call", "call"],
  ["called from the door, once", "/Trip/callOnce", "call"],
  ["queue", "/Trip/book", "send"],
  ["queue, once", "/Trip/once", "send"],
  ["queue, exclusive", "/Reminder/same/alone", "send"],
  ["called by the queue's", "/Trip/call", "send"],
  ["called by the queue's, once", "/Trip/callOnce", "send"],
] as const;

test("while the clock jumps again and again, at each moment of turns that begin and run", async () => {
  const server = await Server.start({ file: "powers.ts", args: ["--no-watch"] });
  try {
    const gate = join(server.folder, "gate");
    const effectsOf = (name: string): string => join(server.folder, `${name}.effects`);
    const ask = async (path: string, how: (typeof WAYS)[number][2], name: string): Promise<unknown> => {
      const body = { effects: effectsOf(name), gate };
      if (how === "send") return (await server.attach(await server.send(path, body))).json;
      const headers = how === "named" ? { "idempotency-key": name } : {};
      return (await server.request(path, { body, headers })).json;
    };
    const jumping = new AbortController();
    const jumps = (async () => {
      while (!jumping.signal.aborted) {
        await server.request(`${server.adminUrl}/dev/clock`, { body: { by: "10d" } });
        await sleep(20);
      }
    })();
    const asked: { readonly name: string; readonly path: string; readonly answer: Promise<unknown> }[] = [];
    for (let round = 0; round < 6; round++) {
      for (const [way, path, how] of WAYS) {
        const name = `${way}, ${round}`;
        asked.push({ name, path, answer: ask(path, how, name).catch(String) });
      }
      await sleep(170);
    }
    // Until after their second, when the last of them make themselves known, and a pass of the reconciler.
    await sleep(4000);
    jumping.abort();
    await jumps;
    writeFileSync(gate, "");
    const found: unknown[] = [];
    for (const { name, answer } of asked)
      found.push([name, await answer, readFileSync(effectsOf(name), "utf8").trim().split("\n")]);
    expect(found).toEqual(
      asked.map(({ name, path }) =>
        /once$|alone$/iu.test(path)
          ? [name, "done", ["once"]]
          : [name, "booked", ["flight", "hotel", "confirm"]],
      ),
    );
  } finally {
    await server.stop();
  }
});
