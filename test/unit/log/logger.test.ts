/** The engine's log: what a line says of anything that it is given, what it never says, and how it is filtered. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { lambdaLogger } from "../../../runtime/aws/lambda-logger.ts";
import { OperationalError } from "../../../lib/errors.ts";
import {
  LOG_LINE_CHARS_MAX,
  LOGGED_DEPTH_MAX,
  LOGGED_ITEMS_MAX,
  LOGGED_TEXT_CHARS_MAX,
} from "../../../lib/limits.ts";
import { jsonLine, readableLine } from "../../../lib/log/line.ts";
import { leastLevel, loggerOf } from "../../../lib/log/logger.ts";
import type { Logger } from "../../../lib/ports.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";

const FORMATS = { json: jsonLine, readable: readableLine } as const;
type Format = keyof typeof FORMATS;

function lines(format: Format, log: (logger: Logger) => void, time?: () => string): string[] {
  const written: string[] = [];
  const write = (line: string): void => void written.push(line);
  log(loggerOf({ least: "info", format: FORMATS[format], write, ...(time ? { time } : {}) }));
  return written;
}

type Fields = Record<string, unknown>;
const parsed = (fields: Fields, message = "said"): Fields =>
  JSON.parse(lines("json", (logger) => logger.log("error", message, fields)).join("")) as Fields;
const readable = (fields: Fields, message = "said"): string =>
  lines("readable", (logger) => logger.log("error", message, fields)).join("");

describe("a line", () => {
  test("is one line of JSON each, from its level on", () => {
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

  test("is one to read", () => {
    const [line] = lines(
      "readable",
      (logger) => logger.log("info", "started", { port: 8080, name: "a b", plain: "x" }),
      () => "11:30:13.123",
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}started port=8080 name="a b" plain=x\n$/);
  });

  test("has level, message and time of its own, whatever its fields are called", () => {
    const written = lines(
      "json",
      (logger) =>
        logger.log("error", "mine", { level: "info", message: "theirs", time: 0, ["__proto__"]: 1 }),
      () => "now",
    );
    expect(JSON.parse(written.join(""))).toMatchObject({
      ...{ time: "now", level: "error", message: "mine" },
      ...{ _level: "info", _message: "theirs", _time: 0 },
    });
  });

  test("moves no cursor and looks like no other line on a console", () => {
    const hostile = "a\u001b[2Jb\r\nERROR forged\u202e\u2028\u0000";
    const line = readable({ [hostile]: hostile, error: new Error(hostile) }, hostile);
    expect(line).toContain(String.raw`a\u001b[2Jb\r\nERROR forged\u202e\u2028\u0000`);
    expect(line.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u);
    expect(line.split("\n").filter((each) => each.startsWith("ERROR forged"))).toEqual([]);
  });

  test("leaves out a field that is undefined", () => {
    expect(parsed({ a: undefined, b: null, c: [undefined] })).toEqual({
      ...{ level: "error", message: "said", b: null, c: [null] },
    });
  });
});

describe("an error", () => {
  const cause = Object.assign(new RangeError("why"), { code: "ECONNRESET" });
  const error = new OperationalError("throttled", "a write was throttled", cause);

  test("is told by name, message, stack, code and causes, wherever it stands", () => {
    const told = {
      ...{ name: "OperationalError", message: "a write was throttled", code: "throttled" },
      stack: expect.stringContaining("logger.test.ts") as string,
      cause: { name: "RangeError", message: "why", code: "ECONNRESET", stack: expect.any(String) as string },
    };
    expect(parsed({ error, deep: { list: [{ error }] } })).toMatchObject({
      ...{ error: told, deep: { list: [{ error: told }] } },
    });
  });

  test("is told with its own fields, and with the errors that it gathers", () => {
    const fault = Object.assign(new Error("refused"), { $metadata: { httpStatusCode: 400 } });
    expect(parsed({ error: new AggregateError([fault], "all failed") })).toMatchObject({
      error: { message: "all failed", errors: [{ message: "refused", $metadata: { httpStatusCode: 400 } }] },
    });
  });

  test("has its stack, and those of its causes, on a console where a bug may show", () => {
    const [first, ...rest] = readable({ error }).trimEnd().split("\n");
    expect(first).toBe('ERROR said error="OperationalError: a write was throttled (cause: RangeError: why)"');
    expect(rest.filter((line) => /^ {4}\S/.test(line))).toEqual([
      "    OperationalError: a write was throttled",
      "    RangeError: why",
    ]);
    const [warning = ""] = lines("readable", (logger) => logger.log("warn", "said", { error }));
    expect(warning.match(/\n/g)).toHaveLength(1);
  });

  test("of a port is in AWS's log when the client gets an internal error", async () => {
    const written: string[] = [];
    const spy = vi
      .spyOn(process.stdout, "write")
      .mockImplementation((line) => written.push(String(line)) > 0);
    const registry = {
      service: () => Promise.reject(new TypeError("the item is damaged")),
      deployment: () => Promise.resolve(undefined),
      services: () => Promise.resolve([]),
    };
    const items = {
      get: () => Promise.resolve(undefined),
      write: () => Promise.resolve({ won: false, item: undefined }),
      query: () => Promise.resolve({ items: [] }),
      scan: () => Promise.resolve({ items: [] }),
    };
    const ingress = new Ingress({
      ...{ registry, items, mailbox: { sendBatch: () => Promise.resolve([]) } },
      ...{ timers: { schedule: () => Promise.resolve() }, watch: { changed: () => Promise.resolve() } },
      ...{ clock: systemClock, entropy: systemEntropy, logger: lambdaLogger({}) },
    });
    const request = {
      method: "POST",
      path: "/S/h",
      query: new URLSearchParams(),
      headers: {},
      body: new Uint8Array(0),
    };
    const { status } = await ingress.handle(request);
    spy.mockRestore();
    expect(status).toBe(500);
    expect(JSON.parse(written.join(""))).toMatchObject({
      ...{ level: "error", message: "ingress: unexpected failure", method: "POST", path: "/S/h" },
      error: {
        name: "TypeError",
        message: "the item is damaged",
        stack: expect.stringContaining("TypeError: the item is damaged") as string,
      },
    });
  });
});

describe("credentials", () => {
  const SECRET = "s3cr3t-value";
  const fields = {
    headers: {
      Authorization: SECRET,
      cookie: SECRET,
      "Set-Cookie": [SECRET],
      "X-Amz-Security-Token": SECRET,
    },
    deep: [
      { db_password: SECRET, clientSecret: SECRET, sessionToken: { value: SECRET }, "x-api-key": SECRET },
    ],
    rawHeaders: ["Accept", "text/plain", "Authorization", SECRET],
    entries: new Map([["proxy-authorization", SECRET]]),
    error: Object.assign(new Error(`refused: 'host:x\nx-amz-security-token:${SECRET}\nx-amz-date:1'`), {
      secretAccessKey: SECRET,
    }),
    text: `Authorization: Bearer ${SECRET}`,
    json: JSON.stringify({ authorization: SECRET, city: "Bern" }),
    url: `https://admin:${SECRET}@example.test/path`,
  };

  test.each(["json", "readable"] as const)("never appear, however deep they are: %s", (format) => {
    const [line = ""] = lines(format, (logger) =>
      logger.log("error", `failed with cookie: ${SECRET}`, fields),
    );
    expect(line).not.toContain(SECRET);
    for (const shown of [
      "text/plain",
      "refused",
      "x-amz-date:1",
      "Bern",
      "example.test/path",
      "[redacted]",
    ]) {
      expect(line).toContain(shown);
    }
  });

  test("are told by the name alone: others are shown", () => {
    const shown = { invocation: "inv_1", key: "k", idempotencyKey: "i", path: "/Tokyo/greet", cookies: 2 };
    expect(parsed(shown)).toMatchObject(shown);
  });
});

describe("whatever it is given", () => {
  const circle: Fields = { twice: [1] };
  circle["self"] = circle;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const looping = new Error("of itself");
  looping.cause = looping;
  const hostile: Fields = {
    toJSON: {
      toJSON: () => {
        throw new Error("no");
      },
    },
    getter: Object.defineProperty({ seen: 1 }, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("not to be read");
      },
    }),
    stackless: Object.defineProperty(new Error("message"), "stack", {
      get: () => {
        throw new Error("not to be read");
      },
    }),
    thrown: {
      toJSON: () => {
        throw Object.create(null);
      },
    },
    ...{ circle, proxy, looping, map: new Map([[1, new Set([2n])]]) },
    ...{ symbol: Symbol("s"), big: 10n ** 30n, nothing: undefined, not: Number.NaN, date: new Date(NaN) },
    ...{ bytes: new Uint8Array(3), method: () => 1, bare: Object.create(null) as object },
  };

  test.each(["json", "readable"] as const)("never throws, and writes one line: %s", (format) => {
    const written = lines(format, (logger) => {
      logger.log("error", "circle", { circle, also: circle });
      logger.log("error", "hostile", hostile);
    });
    expect(written[0]).toContain("[circular]");
    expect(written).toHaveLength(2);
    expect(written[1]).toContain("not to be read");
  });

  test("it shows the rest", () => {
    expect(parsed(hostile)).toMatchObject({
      ...{
        circle: { twice: [1], self: "[circular]" },
        looping: { message: "of itself", cause: "[circular]" },
      },
      ...{ getter: { seen: 1 }, stackless: { message: "message" }, map: [[1, ["2"]]] },
      ...{ symbol: "Symbol(s)", big: "1000000000000000000000000000000", not: "NaN", date: null },
      ...{ bytes: "[3 bytes]", bare: {} },
    });
  });

  test("has bounds: in depth, in elements, in the length of a text, and altogether", () => {
    let deep: Fields = {};
    for (let n = 0; n < 10 * LOGGED_DEPTH_MAX; n++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field${n}`, n]));
    const long = "x".repeat(1_000_000);
    expect(JSON.stringify(parsed({ deep }))).toContain("[too deep]");
    expect(Object.keys(parsed({ wide })["wide"] as object)).toHaveLength(LOGGED_ITEMS_MAX + 1);
    expect(parsed({ list: Array.from({ length: 10_000 }, () => 1) })["list"]).toHaveLength(
      LOGGED_ITEMS_MAX + 1,
    );
    expect(String(parsed({ long })["long"]).length).toBeLessThan(LOGGED_TEXT_CHARS_MAX + 100);
    const tree = (levels: number): unknown =>
      levels === 0 ? "\u0001".repeat(500) : Array(60).fill(tree(levels - 1));
    const [line = ""] = lines("json", (logger) => logger.log("error", long, { tree: tree(4), wide, long }));
    expect(line.length).toBeLessThan(7 * LOG_LINE_CHARS_MAX);
    expect(/"… \d+ more"/.test(line)).toBe(true);
  });
});

describe("the level", () => {
  afterEach(() => void vi.restoreAllMocks());

  test("comes from PERDURE_LOG_LEVEL, in capitals or not", () => {
    expect(leastLevel({}, "warn")).toBe("warn");
    expect(leastLevel({ PERDURE_LOG_LEVEL: "" }, "info")).toBe("info");
    expect(leastLevel({ PERDURE_LOG_LEVEL: " ERROR" }, "info")).toBe("error");
    expect(leastLevel({ PERDURE_LOG_LEVEL: "trace" }, "info")).toBe("debug");
    expect(() => leastLevel({ PERDURE_LOG_LEVEL: "loud" }, "info")).toThrow(
      /PERDURE_LOG_LEVEL must be one of/,
    );
  });

  test("filters what Lambda writes; one that is misspelt is info, and the log says so", () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((line) => written.push(String(line)) > 0);
    const levels = ["debug", "info", "warn", "error"] as const;
    for (const asked of ["debug", "warn", "loud"]) {
      const logger = lambdaLogger({ PERDURE_LOG_LEVEL: asked });
      for (const level of levels) logger.log(level, asked);
    }
    const said = written.map((line) => JSON.parse(line) as { level: string; message: string });
    const levelsOf = (asked: string) =>
      said.filter(({ message }) => message === asked).map(({ level }) => level);
    expect([levelsOf("debug"), levelsOf("warn"), levelsOf("loud")]).toEqual([
      ["debug", "info", "warn", "error"],
      ["warn", "error"],
      ["info", "warn", "error"],
    ]);
    expect(written.filter((line) => line.includes("PERDURE_LOG_LEVEL must be one of"))).toHaveLength(1);
  });
});
