/**
 * A data file that an older tree has left in the middle of everything is served to its end: by today's SDK, as after a
 * deployment that keeps the handlers, and by the code that the file itself holds, as `perdure dev` does with what is in
 * flight. How the files were made: README.md.
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { shownId } from "../../lib/model/shown-id.ts";
import { createEndpoint, type Endpoint } from "../../sdk/endpoint.ts";
import services, { long, type Ran, STEPS } from "./handlers.ts";
import { HistoryWorld } from "./history-world.ts";
import type { InFlight } from "./in-flight.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PARKED = Array.from({ length: 12 }, (_, at) => `parked ${at}`);

const folder = mkdtempSync(join(tmpdir(), "perdure-history-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let world: HistoryWorld | undefined;
afterEach(async () => {
  await world?.stop();
  delete (globalThis as { perdureHistory?: Ran }).perdureHistory;
});

const today = (): Promise<Endpoint> => Promise.resolve(createEndpoint(services));

/** What the file's own deployment serves: the handlers and the SDK of the tree that made it. */
async function ofThatTime(opened: HistoryWorld): Promise<Endpoint> {
  const { name, code } = await opened.bundle();
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, gunzipSync(code));
  const { endpointOf } = (await import(pathToFileURL(path).href)) as {
    endpointOf: (served: () => Promise<readonly unknown[]>) => Promise<Endpoint>;
  };
  return await endpointOf(() => Promise.resolve([]));
}

/** The steps that are left: each runs once, and none that ran before. */
const LEFT = [
  ...["Worker/sleeps after", "Worker/longJournal last", "Worker/pausedIn second", "Worker/quick quick"],
  ...["Keeper/called/slowly slowly", "Keeper/held/slowly slowly", "Flow/f/run decided"],
];

const files = globSync("*.sqlite.br", { cwd: import.meta.dirname }).map((name) =>
  basename(name, ".sqlite.br"),
);
test("there are files", () => expect(files).toEqual(expect.arrayContaining(["format-1", "format-2"])));

describe.each(files)("what %s has in flight goes on", (file) => {
  const read = (ending: string): Buffer => readFileSync(join(import.meta.dirname, `${file}.${ending}`));
  const { madeAtMs, ids, awakeable, kept } = JSON.parse(read("json").toString()) as InFlight;
  test.each([
    ["today's SDK, by the ids that are shown today", today, shownId],
    ["the SDK that it was begun with, by the ids that were shown then", ofThatTime, (id: string) => id],
  ] as const)("under %s", { timeout: 30_000 }, async (_, endpoint, form) => {
    const idOf = (name: string): string => form(ids[name] ?? name);
    const ran: Ran = { steps: [], old: false };
    (globalThis as { perdureHistory?: Ran }).perdureHistory = ran;
    const path = join(folder, "data.sqlite");
    writeFileSync(path, brotliDecompressSync(read("sqlite.br")));
    const opened = (world = new HistoryWorld(path, madeAtMs));
    const before = new Map<string, unknown[]>();
    for (const name of Object.keys(ids)) before.set(name, await opened.journal(idOf(name)));
    opened.serve(await endpoint(opened));

    // What has ended has; what was under way in the process that was killed goes on at once.
    expect(await opened.call("/Worker/quick", "kept", { "idempotency-key": "kept" })).toBe(kept);
    expect(await opened.attach(idOf("hangs"))).toBe("went on");
    expect(ran.steps).toEqual([]);
    expect(await opened.call("/Keeper/long/get", "long")).toBe(long("seed"));
    expect(await opened.call("/Keeper/long/get", "short")).toBe("seed");
    expect(await opened.call("/Flow/f/early")).toEqual(["early flow", "flow"]);

    const statuses = await Promise.all(
      ["sleeps", "pausedIn", "fails", "delayed", "parked 0", "parked 11"].map(async (name) => [
        name,
        await opened.status(idOf(name)),
      ]),
    );
    expect(Object.fromEntries(statuses)).toEqual({
      ...{ sleeps: "suspended", pausedIn: "paused", fails: "backing-off", delayed: "scheduled" },
      ...{ "parked 0": "pending", "parked 11": "pending" },
    });

    // What waits for somebody.
    await opened.resolve(awakeable, "awake");
    expect(await opened.attach(idOf("waits"))).toEqual(["awake", "signalled"]);
    await opened.call("/Flow/f/decide", "decided");
    expect(await opened.attach(idOf("flow"))).toEqual(["early flow", "decided", "done"]);
    expect(await opened.resume(idOf("pausedIn"))).toBe(200);

    // What waits for time.
    opened.clock.jump(HOUR_MS + MINUTE_MS);
    const results = ["sleeps", "longJournal", "pausedIn", "fails", "caller", "holder", "delayed", ...PARKED];
    const answers = await Promise.all(results.map(async (name) => [name, await opened.attach(idOf(name))]));
    const lengths = Array.from({ length: STEPS }, (_each, at) => at * 20);
    expect(Object.fromEntries(answers)).toEqual({
      sleeps: ["a before", "a after"],
      longJournal: lengths.reduce((sum, each) => sum + each, 1),
      pausedIn: "resumed",
      fails: "works now",
      caller: ["called", "slowly from the caller"],
      holder: "slowly holder",
      delayed: expect.stringMatching(/^delayed #\d$/) as string,
      // One after the other, in the order of their arrival.
      ...Object.fromEntries(PARKED.map((name, at) => [name, at + 2])),
    });
    expect(await opened.call("/Keeper/held/get", "order")).toEqual(["holder", ...PARKED]);
    opened.clock.jump(HOUR_MS);
    expect(await opened.attach(idOf("raced"))).toBe("short");

    expect(ran.steps.toSorted()).toEqual(LEFT.toSorted());
    for (const [name, entries] of before) {
      const now = await opened.journal(idOf(name));
      expect(now.slice(0, entries.length), name).toEqual(entries);
    }
    expect(opened.failures).toEqual([]);
  });
});
