/** What CloudFormation was told to have failed changes nothing any more. */
import { expect, test } from "vitest";
import { InTime } from "../../../runtime/registrar/in-time.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";
import { FakeFunction, FUNCTION } from "./world.ts";

const KEY = { table: "registry", pk: "service.Greeter", sk: "service" } as const;
const WRITE = { op: "put", key: KEY, attributes: { d: {} } } as const;

test("until its time is over it changes things, and after that it only reads", async () => {
  const clock = new ManualClock();
  const inTime = new InTime(clock, clock.now() + 1000);
  const items = inTime.items(new MemoryItemStore());
  const made = new FakeFunction();
  const versions = inTime.versions(made);
  expect((await items.write(WRITE)).won).toBe(true);
  expect(await versions.publish(FUNCTION, "x")).toMatchObject({ arn: `${FUNCTION}:1` });
  await clock.advance(1000);
  await expect(items.write(WRITE)).rejects.toThrow("time is over");
  await expect(versions.publish(FUNCTION, "x")).rejects.toThrow("time is over");
  await expect(versions.remove(`${FUNCTION}:1`)).rejects.toThrow("time is over");
  expect(await items.get(KEY)).toMatchObject({ d: {} });
  expect(await versions.state(`${FUNCTION}:1`)).toBe("ready");
  expect(made.removed).toEqual([]);
});
