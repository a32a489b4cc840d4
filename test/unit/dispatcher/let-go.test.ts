/** What a dispatcher knows of guards (R26). */
import { expect, test } from "vitest";
import { GUARDS_REMEMBERED_MAX } from "../../../lib/limits.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import type { Outgoing, Resume } from "../../../lib/model/message.ts";
import { type Logger, silentLogger } from "../../../lib/ports.ts";
import type { DispatcherPorts, Guarded, Verdict } from "../../../runtime/dispatcher/delivery.ts";
import { LetGo } from "../../../runtime/dispatcher/let-go.ts";

const id = invocationId("S", undefined, Buffer.alloc(14));
const guardOf = (guard: string): Resume => ({ kind: "resume", id, guard });

function world() {
  const sent: Outgoing[] = [];
  const set: number[] = [];
  const logger: Logger = silentLogger;
  let byte = 0;
  const ports = {
    clock: { now: () => 1000, after: () => () => undefined },
    entropy: { bytes: (count: number) => new Uint8Array(count).fill(byte++) },
    mailbox: { sendBatch: async (batch: readonly Outgoing[]) => (sent.push(...batch), []) },
    items: { get: async () => undefined },
    timers: { schedule: async ({ atMs }: { atMs: number }) => void set.push(atMs) },
    logger,
  } as unknown as DispatcherPorts;
  return { letGo: new LetGo(ports), sent, set };
}

/** A turn whose message is let go of under these guards, one after the other. */
function turn(letGo: LetGo, ...guards: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
  const handled = letGo.handle(async (now: (guarded: Guarded) => void) => {
    // As after a second.
    await Promise.resolve();
    for (const guard of guards) now({ id, guard });
    return await promise;
  });
  handled.catch(() => undefined);
  return { handled, resolve, reject };
}

test("the guard of a turn that is alive is set anew, one whose place another took is left", async () => {
  const { letGo, set } = world();
  const { handled, resolve } = turn(letGo, "first", "second");
  expect(await handled).toBe("done");
  expect(await letGo.sees(guardOf("first"))).toBe(true);
  expect(set).toEqual([]);
  expect(await letGo.sees(guardOf("second"))).toBe(true);
  expect(set).toEqual([61_000]);
  resolve("done");
  await letGo.settled();
});

test("the guard of a turn that has ended here is left, that of a lost one is not", async () => {
  const { letGo, sent, set } = world();
  for (const [guard, verdict] of [
    ["ended", "done"],
    ["lost", "retry"],
  ] as const) {
    const { handled, resolve } = turn(letGo, guard);
    await handled;
    resolve(verdict);
  }
  await letGo.settled();
  expect(await letGo.sees(guardOf("ended"))).toBe(true);
  expect(await letGo.sees(guardOf("lost"))).toBe(false);
  expect([sent.length, set.length]).toEqual([1, 0]);
});

test("the guard of a turn whose handling failed is not taken for one that is alive", async () => {
  const { letGo } = world();
  const { handled, reject } = turn(letGo, "failed");
  await handled;
  reject(new Error("a bug"));
  await letGo.settled();
  expect(await letGo.sees(guardOf("failed"))).toBe(false);
});

test("so many are remembered, the latest", async () => {
  const { letGo } = world();
  for (let n = 0; n <= GUARDS_REMEMBERED_MAX; n++) {
    const { handled, resolve } = turn(letGo, `g${n}`);
    await handled;
    resolve("done");
  }
  await letGo.settled();
  expect(await letGo.sees(guardOf("g0"))).toBe(false);
  expect(await letGo.sees(guardOf("g1"))).toBe(true);
  expect(await letGo.sees(guardOf(`g${GUARDS_REMEMBERED_MAX}`))).toBe(true);
});
