/** R13: what the mailbox refuses is sent again, and nothing of its group before it. */
import { expect, test } from "vitest";
import type { Outgoing } from "../../../lib/model/message.ts";
import { sendAll } from "../../../lib/store/send.ts";

const message = (name: string): Outgoing => ({ group: name.slice(0, 1), dedup: name, body: "{}" });
const messages = ["a1", "b1", "a2", "c1", "b2"].map(message);

/** Refuses the first `times` deliveries of each name. */
function refusing(times: Readonly<Record<string, number>>) {
  const left = { ...times };
  const accepted: string[] = [];
  const batches: string[][] = [];
  const sendBatch = async (batch: readonly Outgoing[]): Promise<number[]> => {
    batches.push(batch.map(({ dedup }) => dedup));
    const refused: number[] = [];
    batch.forEach(({ dedup }, index) => {
      if ((left[dedup] ?? 0) > 0) {
        left[dedup] = (left[dedup] ?? 0) - 1;
        refused.push(index);
      } else accepted.push(dedup);
    });
    return await Promise.resolve(refused);
  };
  return { mailbox: { sendBatch }, accepted, batches };
}

test("each batch has one message of a group, the oldest", async () => {
  const { mailbox, batches } = refusing({});
  await sendAll(mailbox, messages);
  expect(batches).toEqual([
    ["a1", "b1", "c1"],
    ["a2", "b2"],
  ]);
});

test("what is refused is sent again, before what its group has behind it", async () => {
  const { mailbox, accepted, batches } = refusing({ a1: 2, b2: 1 });
  await sendAll(mailbox, messages);
  expect(accepted.toSorted()).toEqual(["a1", "a2", "b1", "b2", "c1"]);
  for (const group of ["a", "b"]) {
    const order = accepted.filter((name) => name.startsWith(group));
    expect(order).toEqual(order.toSorted());
  }
  expect(batches.flat().filter((name) => name === "c1")).toHaveLength(1);
});

test("what is refused again and again is in doubt", async () => {
  const { mailbox } = refusing({ b1: 99 });
  await expect(sendAll(mailbox, messages)).rejects.toMatchObject({ code: "unavailable" });
});
