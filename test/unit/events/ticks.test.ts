/** Schedules of a local server: one invocation a tick, whatever happens to the server. */
import { expect, test } from "vitest";
import { keepCourse, storeSubscription } from "../../../runtime/events/subscription-store.ts";
import { Ticks } from "../../../runtime/dev/ticks.ts";
import { EventsWorld } from "./world.ts";

const MINUTE_MS = 60_000;
const HOURLY = { "perdure.schedule": "0 * * * *" };

async function hourly(sink = "Plain/take") {
  const world = await EventsWorld.start();
  const to = world.subscription("schedule://hourly", sink, HOURLY);
  await storeSubscription(world.items, to);
  return { world, to };
}

const times = (world: EventsWorld): unknown[] =>
  world.values().map((value) => (value as { time: string }).time.slice(11, 16));

test("a tick is made when it is due, with its time, and each once", async () => {
  const { world } = await hourly();
  const ticks = new Ticks(world.doorPorts);
  // It is one o'clock.
  ticks.look();
  await world.clock.advance(2 * 60 * MINUTE_MS);
  await ticks.stop();
  await world.run();
  expect(times(world)).toEqual(["02:00", "03:00"]);
  expect(world.ran[0]?.headers).toMatchObject({ "aws.scheduler.schedule": "hourly" });
});

test("what was due while no server ran is one tick, the latest; a tick that was made is not made again", async () => {
  const { world } = await hourly();
  const first = new Ticks(world.doorPorts);
  first.look();
  await world.clock.advance(61 * MINUTE_MS);
  await first.stop();
  await world.clock.advance(5 * 60 * MINUTE_MS);
  for (let again = 0; again < 2; again++) {
    const next = new Ticks(world.doorPorts);
    next.look();
    await world.clock.advance(MINUTE_MS);
    await next.stop();
  }
  await world.run();
  expect(times(world)).toEqual(["02:00", "07:00"]);
});

test("a clock that jumps: each tick of the time that it has left out", async () => {
  const { world } = await hourly();
  const ticks = new Ticks(world.doorPorts);
  ticks.look();
  await world.clock.advance(0);
  world.clock.set(world.clock.now() + 4 * 60 * MINUTE_MS);
  ticks.look();
  await world.clock.advance(0);
  await ticks.stop();
  await world.run();
  expect(times(world)).toEqual(["02:00", "03:00", "04:00", "05:00"]);
});

test("a server that dies between a tick and its mark makes the tick again, and it runs once", async () => {
  const probe = await hourly();
  const counting = new Ticks(probe.world.doorPorts);
  probe.world.requests.reset();
  counting.look();
  await probe.world.clock.advance(60 * MINUTE_MS);
  await counting.stop();
  for (let at = 0; at < probe.world.requests.count; at++) {
    for (const effect of ["before", "after"] as const) {
      const { world } = await hourly();
      world.requests.reset({ at, effect });
      const dying = new Ticks(world.doorPorts);
      dying.look();
      await world.clock.advance(60 * MINUTE_MS);
      await dying.stop();
      world.requests.reset();
      const next = new Ticks(world.doorPorts);
      next.look();
      await world.clock.advance(MINUTE_MS);
      await next.stop();
      await world.run();
      expect(times(world)).toEqual(["02:00"]);
    }
  }
});

test("a handler that is not there yet: the tick waits for it", async () => {
  const { world } = await hourly("Plain/missing");
  const ticks = new Ticks(world.doorPorts);
  ticks.look();
  await world.clock.advance(62 * MINUTE_MS);
  expect(world.clock.waits().length).toBe(1);
  await ticks.stop();
  expect(world.mailbox.depth).toBe(0);
});

test("a subscription that is made later is noticed; a schedule that another makes is left to it", async () => {
  const world = await EventsWorld.start();
  const ticks = new Ticks(world.doorPorts);
  ticks.look();
  await world.clock.advance(60 * MINUTE_MS);
  await storeSubscription(world.items, world.subscription("schedule://other", "Plain/take"));
  await storeSubscription(
    world.items,
    world.subscription("schedule://soon", "Plain/take", { "perdure.schedule": "rate(1 minute)" }, "soon"),
  );
  ticks.look();
  await world.clock.advance(2 * MINUTE_MS);
  await ticks.stop();
  await world.run();
  expect(world.ran.length).toBe(2);
  expect(Ticks.concerns({ method: "POST", path: "/v4/subscriptions" })).toBe(true);
  expect(Ticks.concerns({ method: "GET", path: "/subscriptions" })).toBe(false);
});

test("a paused schedule makes no ticks, and none of that time when it goes on, also after a restart", async () => {
  const { world, to } = await hourly();
  const first = new Ticks(world.doorPorts);
  first.look();
  await world.clock.advance(61 * MINUTE_MS);
  await keepCourse(world.items, to, { isPaused: true });
  first.look();
  await world.clock.advance(3 * 60 * MINUTE_MS);
  await first.stop();
  await keepCourse(world.items, to, { isPaused: false, resumedAtMs: world.clock.now() });
  const next = new Ticks(world.doorPorts);
  next.look();
  await world.clock.advance(60 * MINUTE_MS);
  await next.stop();
  await world.run();
  expect(times(world)).toEqual(["02:00", "06:00"]);
});
