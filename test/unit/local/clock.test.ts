import { describe, expect, test } from "vitest";
import type { Logger } from "../../../lib/ports.ts";
import { consoleLogger, type LogFormat, systemClock, systemEntropy } from "../../../runtime/local/clock.ts";

describe("system clock", () => {
  test("calls back once, and never before the time has passed", async () => {
    const early: number[] = [];
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const ms = (index % 20) + 0.3;
        const startedMs = performance.now();
        return new Promise<void>((resolve) => {
          systemClock.after(ms, () => {
            if (performance.now() - startedMs < ms) early.push(ms);
            resolve();
          });
        });
      }),
    );
    expect(early).toEqual([]);
  });

  test("never calls back in the same turn, and not at all when cancelled", async () => {
    let called = 0;
    systemClock.after(-5, () => called++);
    const cancel = systemClock.after(0, () => (called += 100));
    expect(called).toBe(0);
    cancel();
    cancel();
    await expect.poll(() => called).toBe(1);
  });

  test("a delay beyond what setTimeout takes does not fire at once", async () => {
    let called = false;
    const cancel = systemClock.after(2 ** 40, () => (called = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(called).toBe(false);
    cancel();
  });
});

test("entropy gives as many bytes as asked, other ones each time", () => {
  const [a, b] = [systemEntropy.bytes(16), systemEntropy.bytes(16)];
  expect(a.byteLength).toBe(16);
  expect(a).not.toEqual(b);
});

describe("console logger", () => {
  function lines(format: LogFormat, log: (logger: Logger) => void): string[] {
    const written: string[] = [];
    log(consoleLogger("info", format, (line) => written.push(line)));
    return written;
  }

  test("writes one line of JSON each, from its level on", () => {
    const [line, ...rest] = lines("json", (logger) => {
      logger.log("debug", "no");
      logger.log("warn", "two\nlines", {
        n: 1n,
        level: "mine",
        error: new TypeError("bad", { cause: new Error("why") }),
      });
    });
    expect(rest).toEqual([]);
    expect(line?.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(line ?? "")).toMatchObject({
      level: "warn",
      message: "two\nlines",
      n: "1",
      error: { name: "TypeError", message: "bad", cause: { message: "why" } },
    });
  });

  test("writes a line to read", () => {
    const [line] = lines("pretty", (logger) =>
      logger.log("info", "started", { port: 8080, name: "a b", plain: "x" }),
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}started port=8080 name="a b" plain=x\n$/);
  });

  test.each(["json", "pretty"] as const)("never throws, whatever it is given: %s", (format) => {
    const circle: Record<string, unknown> = { twice: [1] };
    circle["self"] = circle;
    const hostile = {
      toJSON: () => {
        throw new Error("no");
      },
    };
    const written = lines(format, (logger) => {
      logger.log("error", "circle", { circle, also: circle });
      logger.log("error", "hostile", { hostile, nothing: undefined, symbol: Symbol("s") });
    });
    expect(written[0]).toContain("[circular]");
    expect(written).toHaveLength(2);
  });
});
