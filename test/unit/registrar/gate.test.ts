/** New code is asked whether it fits the open invocations before it takes over, and those that fit are moved if the stack wants it. */
import { beforeEach, describe, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { GATE_MS_MAX } from "../../../lib/limits/replay.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { openSample } from "../../../runtime/registrar/open-journals.ts";
import { GateWorld } from "./gate-world.ts";
import { FUNCTION } from "./world.ts";

let gate: GateWorld;
let id: InvocationId;
beforeEach(async () => {
  gate = new GateWorld();
  id = await gate.begin();
});

const FITS = ["pay"];
const DIFFERS = ["charge"];
const servedBy = async (): Promise<string | undefined> => (await gate.registry.service("Shop"))?.address;
const deploymentOf = async (of: InvocationId): Promise<string | undefined> =>
  (await gate.head(of)).deployment;
/** The id of the newest registered version. */
const current = async (): Promise<string | undefined> => (await gate.registry.service("Shop"))?.deployment;
const logged = (message: string): unknown[] =>
  gate.logged.filter((line) => line.message === message).map(({ fields }) => fields?.["reason"]);

describe('"block"', () => {
  test("refuses code that differs, with both operations, the line, the invocation and what to do", async () => {
    const { Status, Reason = "" } = await gate.deploy(DIFFERS, "block");
    expect(Status).toBe("FAILED");
    expect(Reason).toMatch(
      /^1 of 1 open invocations would diverge on the new code \(inFlight: "block"\)\.\n/,
    );
    expect(Reason).toMatch(
      /- Shop\/order: Journal mismatch at operation 0 of 2 recorded: the journal recorded run "pay", but the code now does run "charge", with another name, at .*gate-world\.ts:\d+/,
    );
    expect(Reason).toContain(`\n  ${shownId(id)}`);
    expect(Reason).toContain('inFlight: "pin" lets these end on their version');
    expect(await servedBy()).toBe("here");
    expect(gate.function.removed).toEqual([1]);
    expect(await gate.head(id)).toMatchObject({ status: "suspended", deployment: "dp_1" });
  });

  test("lets code pass that fits, and what is open stays where it is", async () => {
    expect(await gate.deploy(FITS, "block")).toMatchObject({
      Status: "SUCCESS",
      Data: { InFlight: "open on other versions: 1; 1 fit, 0 differ, 0 not tried" },
    });
    expect(await servedBy()).toBe(`${FUNCTION}:1`);
    expect(await deploymentOf(id)).toBe("dp_1");
  });

  test("never refuses a version that was registered before: a rollback must not fail", async () => {
    await gate.deploy(DIFFERS);
    await gate.deploy(FITS);
    expect(await gate.deploy(DIFFERS, "block")).toMatchObject({ Status: "SUCCESS" });
    expect(logged("an open invocation would diverge on the new code")).toHaveLength(1);
  });

  test("refuses what has answered for none: a process that dies, an SDK that is too old", async () => {
    gate.answers = async () => Promise.reject(new Error("the function failed: gone"));
    const { Status, Reason } = await gate.deploy(FITS, "block");
    expect([Status, Reason]).toEqual([
      "FAILED",
      'the new code could not be asked about any open invocation, and inFlight is "block": the function failed: gone',
    ]);
  });

  test("does not refuse for one that is in the way of others: it is asked alone", async () => {
    await gate.begin();
    await gate.begin();
    const replayed = { target: "Shop/order", status: "suspended", entries: 2, fits: true } as const;
    gate.answers = async (journals) => {
      const isSpinning = journals.some((line) => line.includes(shownId(id)));
      if (isSpinning) throw new Error("the function has not answered in 40 seconds");
      return Promise.resolve(journals.map(() => ({ id: "", ...replayed })));
    };
    expect(await gate.deploy(FITS, "block")).toMatchObject({
      Data: { InFlight: "open on other versions: 3; 2 fit, 0 differ, 1 not tried" },
    });
    expect(gate.requests).toEqual([3, 1, 1, 1]);
    expect(logged("an open invocation stays where it is")).toEqual([
      "the function has not answered in 40 seconds",
    ]);
  });

  test("does not refuse for what nobody can tell", async () => {
    gate.answers = async (journals) =>
      Promise.resolve(
        journals.map(() => ({
          ...({ id: "", target: "Shop/order", status: "suspended", entries: 2, fits: false } as const),
          ...{ reason: "the code took too long to say so", isUnsure: true as const },
        })),
      );
    expect(await gate.deploy(FITS, "block")).toMatchObject({ Status: "SUCCESS" });
  });
});

describe('"move"', () => {
  test("moves what fits: it ends on the new version", async () => {
    expect(await gate.deploy(FITS, "move")).toMatchObject({
      Data: { InFlight: "open on other versions: 1; 1 fit, 1 moved, 0 differ, 0 not tried" },
    });
    expect(await gate.head(id)).toMatchObject({ status: "suspended", deployment: await current() });
    const timer = gate.world.scheduled.at(-1);
    if (!timer) throw new Error("no timer was set");
    await gate.world.deliver(timer.message);
    expect(await gate.head(id)).toMatchObject({ status: "completed", deployment: await current() });
  });

  test("leaves what does not fit, and says so", async () => {
    expect(await gate.deploy(DIFFERS, "move")).toMatchObject({
      Data: { InFlight: "open on other versions: 1; 0 fit, 0 moved, 1 differ, 0 not tried" },
    });
    expect(await deploymentOf(id)).toBe("dp_1");
    expect(await servedBy()).toBe(`${FUNCTION}:1`);
  });

  test("leaves what has gone on while it asked", async () => {
    const { world } = gate;
    gate.answers = async (journals) => {
      const timer = world.scheduled.at(-1);
      world.clock.set(timer?.atMs ?? 0);
      if (timer) await world.deliver(timer.message);
      return journals.map(() => ({
        ...({ id: "", target: "Shop/order", status: "suspended", entries: 2, fits: true } as const),
      }));
    };
    expect(await gate.deploy(FITS, "move")).toMatchObject({
      Data: { InFlight: "open on other versions: 1; 1 fit, 0 moved, 0 differ, 0 not tried" },
    });
    expect(await gate.head(id)).toMatchObject({ status: "completed", deployment: "dp_1" });
    expect(logged("an open invocation stays where it is")).toEqual([
      "it was at work, or has gone on meanwhile",
    ]);
  });

  test("dies between two moves: each is whole, and the next registration moves the others", async () => {
    const ids = [id, await gate.begin(), await gate.begin()];
    let moves = 0;
    gate.world.items.beforeWrite = async ({ key: { table } }) => {
      if (table === "journal" && ++moves > 1)
        throw new OperationalError("unavailable", "the registrar is gone");
      await Promise.resolve();
    };
    await gate.deploy(FITS, "move");
    const where = async () => await Promise.all(ids.map(deploymentOf));
    const moved = (await where()).filter((deployment) => deployment !== "dp_1");
    expect(moved).toEqual([await current()]);
    gate.world.items.beforeWrite = async () => await Promise.resolve();
    // Lambda gives it the same event again.
    expect(await gate.deploy(FITS, "move")).toMatchObject({
      Data: { InFlight: "open on other versions: 2; 2 fit, 2 moved, 0 differ, 0 not tried" },
    });
    expect(new Set(await where())).toEqual(new Set([await current()]));
  });

  test("moves back in a rollback", async () => {
    await gate.deploy(FITS);
    const before = await current();
    await gate.deploy(["pay", "wrap"]);
    const other = await gate.begin();
    expect(await deploymentOf(other)).toBe(await current());
    await gate.deploy(FITS, "move");
    expect(await current()).toBe(before);
    expect(await Promise.all([id, other].map(deploymentOf))).toEqual([before, before]);
  });
});

describe('"pin"', () => {
  test("asks nothing unless the stack says how many", async () => {
    expect(await gate.deploy(DIFFERS)).toMatchObject({ Data: { InFlight: "not asked" } });
    expect(gate.requests).toEqual([]);
  });

  test("with a sample, what was found is told, and nothing follows from it", async () => {
    expect(await gate.deploy(DIFFERS, "pin", "1")).toMatchObject({
      Data: { InFlight: "open on other versions: 1; 0 fit, 1 differ, 0 not tried" },
    });
    expect(logged("an open invocation would diverge on the new code")).toEqual([
      expect.stringContaining('recorded run "pay", but the code now does run "charge"'),
    ]);
    expect(await deploymentOf(id)).toBe("dp_1");
  });
});

describe("the sample", () => {
  test("is half of the newest and half of the oldest, each once", async () => {
    const ids = [id];
    while (ids.length < 9) ids.push(await gate.begin());
    const { items } = gate.world;
    const found = async (max: number) =>
      await openSample({ heads: (...asked) => items.heads(...asked) }, ["Shop"], max);
    expect(await found(9)).toEqual({ ids: ids.toReversed(), isMore: false });
    expect(await found(4)).toEqual({ ids: [ids[8], ids[7], ids[0], ids[1]], isMore: true });
    expect(await found(1)).toEqual({ ids: [ids[8]], isMore: true });
    expect(await gate.deploy(FITS, "block", "4")).toMatchObject({
      Data: { InFlight: "open on other versions: 4 (there are more); 4 fit, 0 differ, 0 not tried" },
    });
  });

  test.each(["0", "5001", "1.5", "many"])("of %s is refused", async (sample) => {
    expect(await gate.deploy(FITS, "block", sample)).toMatchObject({
      ...{ Status: "FAILED", Reason: "InFlightSample is no whole number from 1 to 5000" },
    });
  });
});

describe("it asks", () => {
  test("nothing at a first deployment", async () => {
    await gate.registry.remove("dp_1");
    expect(await gate.deploy(DIFFERS, "block")).toMatchObject({
      Status: "SUCCESS",
      Data: { InFlight: "not asked" },
    });
  });

  test("about one that was moved already no more", async () => {
    await gate.deploy(FITS, "move");
    await gate.deploy(FITS, "move");
    expect(gate.requests).toEqual([1]);
  });

  test("again while a permission is not known everywhere", async () => {
    let refused = 0;
    const { items } = gate.world;
    const denied = Object.assign(new Error("not authorized"), { name: "AccessDeniedException" });
    gate.gate = {
      listing: {
        parts: ["open"],
        heads: async (...asked) => (++refused < 4 ? Promise.reject(denied) : await items.heads(...asked)),
      },
    };
    expect(await gate.deploy(FITS, "block")).toMatchObject({ Status: "SUCCESS" });
  });

  test("only while there is time: what comes after that is listed", async () => {
    await Promise.all([1, 2, 3, 4, 5].map(async () => await gate.begin()));
    const { items, clock } = gate.world;
    gate.gate = {
      items: Object.assign(Object.create(items) as typeof items, {
        query: async (...asked: Parameters<typeof items.query>) => {
          clock.set(clock.now() + GATE_MS_MAX);
          return await items.query(...asked);
        },
      }),
    };
    const { Status, Reason } = await gate.deploy(FITS, "block");
    expect([Status, Reason]).toEqual([
      "FAILED",
      'the new code could not be asked about any open invocation, and inFlight is "block": the time was up',
    ]);
  });

  test("not of a runtime without a list of what is open", async () => {
    gate.gate = { listing: { parts: [], heads: () => Promise.reject(new Error("none")) } };
    expect((await gate.deploy(FITS, "block")).Reason).toContain('its `listing` needs "open"');
    expect(await gate.deploy(FITS, "move")).toMatchObject({
      Status: "SUCCESS",
      Data: { InFlight: expect.stringContaining("ended early: the runtime keeps no list") as string },
    });
  });
});
