// What a development server can do to an invocation: crash it, fail its next step, deliver again, jump the clock.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Booking } from "./fixtures/powers.ts";
import { Server, until } from "./server.ts";

interface Invocation {
  readonly status: string;
  readonly retry_count: number;
  readonly last_failure?: string;
}
interface Events {
  readonly events: readonly { readonly at: string; readonly kind: string; readonly message: string }[];
}

let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "powers.ts", args: ["--no-watch"] });
});
afterAll(async () => {
  await server.stop();
});

let bookings = 0;
function newBooking(): Booking & { effectsSoFar: () => string[]; open: () => void } {
  const name = `booking-${++bookings}`;
  const [effects, gate] = [join(server.folder, `${name}.effects`), join(server.folder, `${name}.gate`)];
  return {
    ...{ effects, gate },
    effectsSoFar: () => (existsSync(effects) ? readFileSync(effects, "utf8").split("\n").slice(0, -1) : []),
    open: () => writeFileSync(gate, ""),
  };
}

const use = async (power: string, id: string, more: object = {}) =>
  await server.request(`${server.adminUrl}/dev/${power}`, { body: { invocation_id: id, ...more } });
const armed = async (id: string): Promise<unknown> => await server.admin(`/dev/armed?invocation_id=${id}`);
const described = async (id: string): Promise<Invocation> =>
  (await server.admin(`/invocations/${id}`)) as Invocation;
const kinds = async (id: string): Promise<readonly string[]> =>
  ((await server.admin(`/dev/events?invocation_id=${id}`)) as Events).events.map(({ kind }) => kind);

describe("crash", () => {
  test("in a step: what was recorded does not run again, the step does, and it ends as it would have", async () => {
    const booking = newBooking();
    const id = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    const { status, json } = await use("crash", id);
    expect({ status, json }).toEqual({
      status: 200,
      json: {
        done: true,
        message: expect.stringMatching(
          /^The process \d+ was killed \(kill -9\) while step "hotel" ran\. What was recorded stays: 1 step will not run again\. Whether it has taken effect is open, so it is tried again: "hotel"\.$/u,
        ) as string,
        process_id: expect.any(Number) as number,
        steps_running: ["hotel"],
        steps_recorded: 1,
        other_invocations: 0,
      },
    });
    booking.open();
    expect((await server.attach(id)).json).toBe("booked");
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "hotel", "confirm"]);
    expect(await kinds(id)).toEqual(["crash"]);
  });

  test("the handler is not blamed, and others in the process count no attempt", async () => {
    const [first, second] = [newBooking(), newBooking()];
    const [id, beside] = [await server.send("/Trip/book", first), await server.send("/Trip/book", second)];
    for (const booking of [first, second])
      await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    const { json } = await use("crash", id);
    expect(json).toMatchObject({ done: true, other_invocations: 1 });
    await until(second.effectsSoFar, (lines) => lines.filter((line) => line === "hotel").length === 2);
    expect(await described(beside)).toMatchObject({ retry_count: 0 });
    for (const booking of [first, second]) booking.open();
    for (const each of [id, beside]) expect((await server.attach(each)).json).toBe("booked");
  });

  test("when the next turn or the next step begins", async () => {
    const id = await server.send("/Reminder/crashed/later", 1);
    await until(
      () => described(id),
      ({ status }) => status === "suspended",
    );
    const refused = await use("crash", id);
    expect({ status: refused.status, json: refused.json }).toEqual({
      status: 409,
      json: {
        done: false,
        message: "Nothing of it runs now: it is suspended. Its next turn can be crashed.",
        restate_code: null,
        possible: ["next-turn", "next-step"],
      },
    });
    const booking = newBooking();
    const trip = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    expect((await use("crash", trip, { when: "next-step" })).json).toMatchObject({
      done: false,
      armed: true,
    });
    expect(await armed(trip)).toMatchObject({ armed: [{ kind: "crash", when: "next-step" }] });
    booking.open();
    expect((await server.attach(trip)).json).toBe("booked");
    // The crash came before the closure.
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "confirm"]);
    expect(await armed(trip)).toEqual({ armed: [] });
    expect(await kinds(trip)).toEqual(["crash"]);
  });

  test("a turn that begins", async () => {
    const booking = newBooking();
    const id = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    await use("crash", id, { when: "next-turn" });
    await use("crash", id);
    await until(
      () => kinds(id),
      (found) => found.length === 2,
    );
    booking.open();
    expect((await server.attach(id)).json).toBe("booked");
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "hotel", "confirm"]);
  });
});

describe("fail the next step", () => {
  test("once, and then it succeeds", async () => {
    const booking = newBooking();
    const id = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    const { json } = await use("fail-next-step", id, { message: "no room at the inn" });
    expect(json).toMatchObject({ done: false, armed: true, failure: { terminal: false } });
    expect(await armed(id)).toMatchObject({
      armed: [{ kind: "fail-next-step", message: "no room at the inn", terminal: false }],
    });
    booking.open();
    expect((await server.attach(id)).json).toBe("booked");
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "confirm"]);
    const { events } = (await server.admin(`/dev/events?invocation_id=${id}`)) as Events;
    expect(events).toMatchObject([
      {
        kind: "fail-next-step",
        message:
          'Step "confirm" threw "no room at the inn" as you ordered. Its code did not run. It is tried again.',
      },
    ]);
    expect(await armed(id)).toEqual({ armed: [] });
  });

  test("for good: the compensations run", async () => {
    const booking = newBooking();
    const id = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    await use("fail-next-step", id, { message: "no room", terminal: true, code: 404 });
    booking.open();
    const { status, json } = await server.attach(id);
    expect({ status, json }).toMatchObject({ status: 404, json: { message: "no room" } });
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "cancel flight"]);
  });

  test("an order is withdrawn, and is gone with its invocation", async () => {
    const id = await server.send("/Reminder/withdrawn/later", 1);
    await until(
      () => described(id),
      ({ status }) => status === "suspended",
    );
    await use("fail-next-step", id);
    const withdrawn = (await server.admin(`/dev/armed?invocation_id=${id}`, "DELETE")) as object;
    expect(withdrawn).toEqual({ done: true, message: "1 order withdrawn. Nothing has happened." });
    await use("fail-next-step", id);
    await server.admin(`/invocations/${id}/kill`, "PATCH");
    await until(
      () => armed(id),
      (answer) => JSON.stringify(answer) === '{"armed":[]}',
    );
  });
});

describe("deliver again", () => {
  const heads = async (id: string): Promise<unknown> => await server.admin(`/invocations/${id}`);

  test("what has ended, what is suspended, what ran at the door: nothing changes", async () => {
    const booking = newBooking();
    booking.open();
    const ended = await server.send("/Trip/book", booking);
    await server.attach(ended);
    const suspended = await server.send("/Reminder/again/later", 1);
    await until(
      () => described(suspended),
      ({ status }) => status === "suspended",
    );
    for (const id of [ended, suspended]) {
      const before = await heads(id);
      expect(await use("redeliver", id)).toMatchObject({
        status: 200,
        json: {
          ...{ done: true, message_kind: "start", turns: 0, changed: false },
          message:
            "The message that started it was delivered once more. Nothing changed: all of it was recorded.",
        },
      });
      expect(await heads(id)).toEqual(before);
      expect(await kinds(id)).toContain("redeliver");
    }
    const atDoor = await server.request("/Trip/book", { body: booking });
    const id = atDoor.headers.get("x-restate-id") ?? "";
    expect((await use("redeliver", id)).json).toMatchObject({ done: true, turns: 0, changed: false });
    const once = ["flight", "hotel", "confirm"];
    expect(booking.effectsSoFar()).toEqual([...once, ...once]);
  });

  test("of one that runs: as soon as its turn has ended", async () => {
    const booking = newBooking();
    const id = await server.send("/Reminder/busy/hold", booking.gate);
    await until(
      () => described(id),
      ({ status }) => status === "running",
    );
    expect((await use("redeliver", id)).json).toMatchObject({ done: expect.any(Boolean) as boolean });
    booking.open();
    expect((await server.attach(id)).json).toBe("held");
    await until(
      () => kinds(id),
      (found) => found.includes("redeliver"),
    );
  });

  test("an exclusive handler's effects happen once, however often", async () => {
    const booking = newBooking();
    const id = await server.send("/Reminder/counter/add", booking.effects);
    await server.attach(id);
    for (let times = 0; times < 3; times++) await use("redeliver", id);
    expect(await server.call("/Reminder/counter/add", booking.effects)).toBe(2);
    expect(booking.effectsSoFar()).toEqual(["add 1", "add 2"]);
  });
});

describe("the clock", () => {
  const jump = async (body: object) => await server.request(`${server.adminUrl}/dev/clock`, { body });
  const dayMs = 24 * 60 * 60 * 1000;

  test("a sleep of 30 days ends at once, and the handler sees the time pass", async () => {
    const booking = newBooking();
    booking.open();
    const ended = await server.send("/Trip/book", booking);
    await server.attach(ended);
    const id = await server.send("/Reminder/month/later", 30);
    await until(
      () => described(id),
      ({ status }) => status === "suspended",
    );
    const began = performance.now();
    const { status, json } = await jump({ invocation_id: id });
    expect({ status, json }).toMatchObject({
      status: 200,
      json: {
        done: true,
        message: expect.stringMatching(
          /^The clock of this server went 30 days ahead, to .+Z\. That is the time of its sleep "until then"\. \d timers? became due\./u,
        ) as string,
      },
    });
    const [before, after] = (await server.attach(id)).json as [number, number];
    expect(performance.now() - began).toBeLessThan(2000);
    expect(after - before).toBeGreaterThanOrEqual(30 * dayMs);
    const health = await server.request(`${server.adminUrl}/health`, { method: "GET" });
    expect(Date.parse(health.headers.get("date") ?? "")).toBeGreaterThan(Date.now() + 29 * dayMs);
    expect(await kinds(id)).toContain("clock");
    // What had ended before was kept for a day.
    expect(await server.request(`${server.adminUrl}/invocations/${ended}`, { method: "GET" })).toMatchObject({
      status: 404,
    });
  });

  test("it does not go back with a restart", async () => {
    const before = (await server.admin("/dev/clock")) as { now: string; ahead_ms: number };
    await server.restart();
    const after = (await server.admin("/dev/clock")) as { now: string; ahead_ms: number };
    expect(after.ahead_ms).toBe(before.ahead_ms);
    expect(after.ahead_ms).toBeGreaterThan(29 * dayMs);
  });

  test("a step that runs is left alone, and a time limit beside it is over", async () => {
    const booking = newBooking();
    const trip = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    const race = await server.send("/Reminder/limit/race", booking.gate);
    await until(
      () => described(race),
      ({ status }) => status === "running",
    );
    expect((await jump({ by: "3d" })).json).toMatchObject({ done: true });
    expect(await server.attach(race)).toMatchObject({ status: 408 });
    booking.open();
    expect((await server.attach(trip)).json).toBe("booked");
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "confirm"]);
    expect(await described(trip)).toMatchObject({ retry_count: 0 });
  });

  test("a call that runs beside its caller runs once; a caller waits with its callee's timer", async () => {
    const booking = newBooking();
    const parent = await server.send("/Trip/call", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    await jump({ by: "1h" });
    booking.open();
    expect((await server.attach(parent)).json).toBe("booked");
    expect(booking.effectsSoFar()).toEqual(["flight", "hotel", "confirm"]);
    const waiting = await server.send("/Trip/remind", 7);
    // Its callee has yet to go to sleep.
    const { json } = await until(
      () => jump({ invocation_id: waiting }),
      ({ status }) => status === 200,
    );
    expect(json).toMatchObject({
      message: expect.stringContaining(`the time of Reminder/later's sleep "until then"`) as string,
    });
    await server.attach(waiting);
  });

  test("what cannot be", async () => {
    const booking = newBooking();
    const id = await server.send("/Trip/book", booking);
    await until(booking.effectsSoFar, (lines) => lines.includes("hotel"));
    expect(await jump({ invocation_id: id })).toMatchObject({
      status: 409,
      json: { message: 'It is running, and no timer takes it on. Give a time ("to") or a duration ("by").' },
    });
    booking.open();
    await server.attach(id);
    expect(await jump({ to: "2020-01-01T00:00:00Z" })).toMatchObject({ status: 409 });
    expect(await jump({ by: "90000d" })).toMatchObject({ status: 409 });
    for (const body of [{}, { by: "soon" }, { to: "then" }, { by: "1s", to: "2099-01-01T00:00:00Z" }])
      expect((await jump(body)).status).toBe(400);
  });
});

describe("refusals", () => {
  test("what has ended, what never was, what is malformed", async () => {
    const booking = newBooking();
    booking.open();
    const id = await server.send("/Trip/book", booking);
    await server.attach(id);
    for (const power of ["crash", "fail-next-step"]) {
      expect(await use(power, id)).toMatchObject({
        status: 409,
        json: { message: expect.stringContaining("It has ended") as string },
      });
    }
    expect((await use("crash", "nonsense")).status).toBe(400);
    expect((await use("crash", id, { when: "later" })).status).toBe(400);
    const unnamed = await server.request(`${server.adminUrl}/dev/crash`, { body: {} });
    expect(unnamed.status).toBe(422);
    expect((await server.request(`${server.adminUrl}/dev/crash`, { method: "GET" })).status).toBe(405);
    expect((await server.request(`${server.adminUrl}/dev/nothing`)).status).toBe(404);
  });

  test("a page of another site", async () => {
    const headers = { origin: "https://evil.example" };
    const { status } = await server.request(`${server.adminUrl}/dev/crash`, { body: {}, headers });
    expect(status).toBe(403);
  });
});
