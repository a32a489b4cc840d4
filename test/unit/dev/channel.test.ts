import { setTimeout as sleep } from "node:timers/promises";
import { serialize, deserialize } from "node:v8";
import { expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { Channel, type Calls } from "../../../runtime/dev/hosts/channel.ts";
import type { Frame } from "../../../runtime/dev/hosts/frame.ts";

type Answering = (value: unknown) => Promise<unknown>;
type Echo = { echo: Answering; fail: Answering; invoke: Answering };

/** Two ends of a pipe. It clones what passes, like the pipe to a process. */
function pair(left: Calls, right: Calls) {
  const sent: Frame[][] = [];
  const clone = (frames: readonly Frame[]): Frame[] => deserialize(serialize(frames)) as Frame[];
  const deliver = (to: () => Channel<Echo>) => (frames: readonly Frame[]) => {
    const copy = clone(frames);
    sent.push(copy);
    setImmediate(() => to().receive(copy));
  };
  const a: Channel<Echo> = new Channel<Echo>(
    deliver(() => b),
    left,
  );
  const b: Channel<Echo> = new Channel<Echo>(
    deliver(() => a),
    right,
  );
  return { a, b, sent };
}

const echo: Echo = {
  echo: (value) => Promise.resolve(value),
  invoke: (value) => Promise.resolve(value),
  fail: (code) =>
    Promise.reject(
      code === "throttled" ? new OperationalError("throttled", "too fast") : new TypeError("wrong"),
    ),
};

test("calls go both ways, each answered with its own answer", async () => {
  const { a, b } = pair(echo, echo);
  const answers = await Promise.all([
    a.call("echo", 1),
    b.call("echo", 2),
    a.call("echo", new Uint8Array([3])),
  ]);
  expect(answers).toEqual([1, 2, new Uint8Array([3])]);
});

test("what one event-loop turn has to say is one message", async () => {
  const { a, sent } = pair(echo, echo);
  await Promise.all(Array.from({ length: 50 }, (_, index) => a.call("echo", index)));
  expect(sent.map((frames) => frames.length)).toEqual([50, 50]);
});

test("an operational error keeps its code, any other its message and stack", async () => {
  const { a } = pair(echo, echo);
  await expect(a.call("fail", "throttled")).rejects.toMatchObject({
    name: "OperationalError",
    code: "throttled",
  });
  const error = await a.call("fail", "other").catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ message: "wrong" });
  expect((error as Error).stack).toContain("channel.test");
});

test("a frame that cannot be cloned fails alone", async () => {
  const { a } = pair(echo, { ...echo, echo: (value) => Promise.resolve(value === "bad" ? () => 1 : value) });
  const [good, bad, worse] = await Promise.allSettled([
    a.call("echo", "good"),
    a.call("echo", "bad"),
    a.call("echo", () => 1),
  ]);
  expect(good).toEqual({ status: "fulfilled", value: "good" });
  expect(bad.status).toBe("rejected");
  expect(worse.status).toBe("rejected");
});

test("an unknown call is refused, and what is no frame ignored", async () => {
  const { a } = pair(echo, {});
  a.receive("hello");
  a.receive([[1, 999, "an answer to nothing"], null, [], [0, 1, 2], [1, "1", 2], [2, 1, "no error"]]);
  await expect(a.call("echo", 1)).rejects.toThrow("no such call: echo");
});

test("closing fails what waits, and every later call", async () => {
  const { a } = pair(echo, { ...echo, echo: () => sleep(1e6, undefined, { ref: false }) });
  const waiting = a.call("echo", 1);
  a.close(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  await expect(a.call("echo", 1)).rejects.toThrow("gone");
});

test("tells when what was asked of it is done", async () => {
  const steps: string[] = [];
  const { a, b } = pair(echo, {
    ...echo,
    echo: async (value) => {
      await sleep(30);
      steps.push("done");
      return value;
    },
  });
  await b.served();
  void a.call("echo", 1);
  await sleep(10);
  await b.served();
  expect(steps).toEqual(["done"]);
});

test("the turn of another invocation is not waited for: it may end only when the process's end is told", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const { a, b } = pair(echo, { ...echo, invoke: async () => await promise });
  void a.call("invoke", 1);
  await sleep(10);
  await b.served();
  resolve(1);
});
