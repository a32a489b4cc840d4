import { describe, expect, test } from "vitest";
import type { Logger } from "../../../lib/ports.ts";
import { consoleLogger, type LogFormat } from "../../../runtime/local/console-logger.ts";

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
