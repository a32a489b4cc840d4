/**
 * The mistakes that people make, and what is said of each: to the caller, and on the console of `perdure dev`. The numbers are those of
 * a list that newcomers made. What they are told is in the rows, so that nobody makes it worse.
 *
 * Elsewhere: 22 (an endless loop) and 63 (versions of Node) in isolation.long.test.ts and node-version.test.ts; 50 (ports and files in
 * use) in cli.long.test.ts; 64 (moving what fails) in adoption.long.test.ts.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestEnvironment } from "perdure/testing";
import { object, service, type Context } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE_ROOT, ranBy, runCli, Server, until } from "./server.ts";

interface Row {
  readonly number: number;
  readonly mistake: string;
  readonly path: string;
  readonly method?: string;
  readonly status?: number;
  /** What the answer is. */
  readonly answer?: RegExp;
  /** What the console says. */
  readonly said?: RegExp;
}

const row = (
  number: number,
  mistake: string,
  path: string,
  more: Omit<Row, "number" | "mistake" | "path">,
): Row => ({
  number,
  mistake,
  path,
  ...more,
});
const LINE = String.raw`mistakes\.js:\d+:\d+`;
const forgotten = (handler: string, what: string): RegExp =>
  new RegExp(`${handler} returned without awaiting ${what}, at [^:]*${LINE}`, "u");
const trapped = (handler: string, what: string, use: string): RegExp =>
  new RegExp(`warning: ${handler} uses ${what} outside of a step, at [^:]*${LINE}\\)?: .*${use}`, "u");
const notWhole = (what: string, words: string): RegExp =>
  new RegExp(`warning: ${what} cannot be kept whole as JSON.*: .*${words}`, "u");

const ROWS: readonly Row[] = [
  row(1, "a promise in the result", "/S/promiseInResult", {
    status: 500,
    answer: /holds a promise at \.r: was \\"await\\" forgotten before ctx\.run\(/u,
    said: forgotten("S/promiseInResult", 'run "x"'),
  }),
  row(2, "a step that is not awaited", "/S/notAwaited", {
    status: 200,
    said: forgotten("S/notAwaited", 'run "send the e-mail"'),
  }),
  row(2, "a loop by forEach", "/S/each", {
    status: 200,
    said: /S\/each returned without awaiting run "a".*use "for" with "await"/u,
  }),
  row(3, "a sleep that is not awaited", "/S/sleepNotAwaited", {
    status: 200,
    said: forgotten("S/sleepNotAwaited", "sleep"),
  }),
  row(4, "a promise in a text", "/S/template", {
    status: 500,
    answer: /used as a text or a number is a promise: was/u,
  }),
  row(6, "a random number in the result", "/S/randomResult", {
    said: trapped("S/randomResult", "Math.random\\(\\)", "ctx.rand.random"),
  }),
  row(8, "a request outside of a step", "/S/fetchOutside", {
    said: trapped("S/fetchOutside", "fetch\\(\\)", "ctx.run"),
  }),
  row(9, "ctx inside of a step", "/S/ctxInside", {
    status: 500,
    answer: /ctx was used inside ctx\.run\(.*Move the ctx call out/u,
  }),
  row(9, "a step in a step", "/S/nestedRun", { status: 500, answer: /ctx was used inside ctx\.run/u }),
  row(10, "no result", "/S/nothing", { status: 200, answer: /^$/u }),
  row(11, "a BigInt as result", "/S/bigint", {
    status: 500,
    answer: /result of S\/bigint cannot be stored: .*BigInt/u,
  }),
  row(12, "a step's result: a BigInt", "/S/stepBigint", {
    status: 500,
    answer: /result of step \\"big\\" cannot be stored/u,
  }),
  row(12, "a step's result: a function", "/S/stepFunction", {
    status: 500,
    answer: /a function cannot be serialised/u,
  }),
  row(12, "a step's result: a circle", "/S/stepCircle", { status: 500, answer: /circular structure/u }),
  row(13, "a BigInt in the state", "/O/k/setBigint", {
    status: 500,
    answer: /value of state key \\"n\\" cannot be stored/u,
  }),
  row(14, "a Map in the result", "/S/mapResult", {
    said: notWhole("the result of S/mapResult", "in .stock a Map becomes \\{\\}"),
  }),
  row(14, "an object of a class", "/S/moneyStep", {
    said: notWhole('the result of step "price"', "a Money becomes a plain object"),
  }),
  row(14, "a Map in the state", "/O/k/setMap", {
    said: notWhole('the value of state key "stock"', "a Map becomes \\{\\}"),
  }),
  row(15, "a Date", "/S/dateStep", {
    answer: /^"string"$/u,
    said: notWhole('the result of step "at"', "a Date becomes a text"),
  }),
  row(16, "waiting with setTimeout", "/S/timer", {
    said: trapped("S/timer", "setTimeout\\(\\)", "ctx.sleep"),
  }),
  row(17, "ctx in a timer", "/S/ctxLater", {
    said: /S\/ctxLater used its context after it had returned: run "late", at .*mistakes\.js/u,
  }),
  row(18, "Promise.race", "/S/nativeRace", {
    said: /S\/nativeRace returned without awaiting sleep.*DurablePromise\.race, not Promise\.race/u,
  }),
  row(26, "a text is thrown", "/S/throwsText", {
    status: 500,
    answer: /a value that is no Error was thrown: just a string/u,
  }),
  row(27, "a method that is not there", "/S/misspelt", {
    status: 500,
    answer: /ctx\.runn is not a function/u,
  }),
  row(28, "a step without a function", "/S/runWithout", {
    status: 500,
    answer: /needs a function, and got undefined\. Write/u,
  }),
  row(28, "a step that is a promise", "/S/runPromise", {
    status: 500,
    answer: /got a promise, which runs already/u,
  }),
  row(29, "a service that is not there", "/S/unknownService", {
    answer: /no service \\"Greter\\" is registered; the call is retried until/u,
  }),
  row(29, "a handler that is not there", "/S/unknownHandler", {
    answer: /service Greeter has no handler \\"gret\\"/u,
  }),
  row(30, "a client of undefined", "/S/noDefinition", {
    status: 500,
    answer: /a client needs a definition or \{ name \}, and got undefined\. Do two files import/u,
  }),
  row(31, "an object's client without a key", "/S/objectWithoutKey", {
    answer: /O\/add: the key is undefined\. Pass a string/u,
  }),
  row(32, "an object as a service", "/S/objectAsService", { answer: /O is an object: it needs a key/u }),
  row(33, "a duration as a text", "/S/sleepText", {
    answer: /A duration is a number of milliseconds or .*10 apples/u,
  }),
  row(33, "a negative duration", "/S/sleepNegative", { answer: /not negative; got -5/u }),
  row(33, "NaN as a duration", "/S/sleepNaN", { answer: /got NaN/u }),
  row(33, "a unit that is none", "/S/sleepUnknown", { answer: /got \{\\"second\\":5\}/u }),
  row(34, "state in a service", "/S/stateInService", {
    answer: /a service has no state\. Make it an object or a workflow/u,
  }),
  row(35, "a shared handler writes", "/O/k/read", { answer: /is a shared handler, which only reads/u }),
  row(36, "NaN in the state", "/O/k/setNaN", {
    said: notWhole('the value of state key "total"', "NaN becomes null"),
  }),
  row(37, "catching what a step throws", "/S/caught", {
    status: 500,
    answer: /payment declined/u,
  }),
  row(38, "an object calls its own key", "/O/k/self", {
    status: 500,
    answer: /O\/k\/self awaits its call of O\/k\/add: .*each would wait for the other/u,
  }),
  row(39, "a result of 5 MB", "/S/tooLarge", {
    status: 413,
    answer: /has 5000002 bytes; at most 4194304 are allowed \(RT0003\)/u,
  }),
  row(39, "a step's result of 5 MB", "/S/stepTooLarge", {
    status: 413,
    answer: /the result of step \\"large\\" has 5000002 bytes/u,
  }),
  row(24, "a variable that is not set", "/S/missingEnv", {
    status: 500,
    answer: /Cannot read properties of undefined/u,
  }),
  row(52, "a misspelt service", "/Greter/greet", { status: 404, answer: /service 'Greter' not found/u }),
  row(52, "a misspelt handler", "/Greeter/gret", {
    status: 404,
    answer: /the service 'Greeter' exists, but the handler 'gret' was not found/u,
  }),
  row(53, "an object without a key", "/O/add", { status: 400, answer: /O is an object, which needs a key/u }),
  row(53, "a service with a key", "/Greeter/k/greet", {
    status: 400,
    answer: /Greeter is a service, which takes no key/u,
  }),
  row(55, "PUT", "/O/k/add", { method: "PUT", status: 405, answer: /method not allowed/u }),
  row(58, "no body, and a sum", "/O/none/add", {
    said: notWhole('the value of state key "n"', "NaN becomes null"),
  }),
  row(61, "a delay that is none", "/Greeter/greet/send?delay=soon", {
    status: 400,
    answer: /bad delay query parameter, must be .*'soon'/u,
  }),
  row(61, "a delay of a call", "/Greeter/greet?delay=10s", {
    status: 400,
    answer: /supported only with sends/u,
  }),
  row(61, "an awakeable's id that is none", "/restate/awakeables/x/resolve", {
    status: 400,
    answer: /bad awakeable id 'x'/u,
  }),
  row(62, "a path of the admin API", "/query", { method: "GET", status: 400, answer: /bad path: \/query/u }),
  // Last: they end the process that runs the handlers.
  row(19, "a rejection that nobody handles", "/S/rejection", {
    answer: /an error was thrown that no handler caught: Error: nobody/u,
    said: new RegExp(LINE, "u"),
  }),
  row(20, "a timer that throws", "/S/timerThrows", {
    answer: /no handler caught: Error: thrown in a timer/u,
  }),
  row(21, "process.exit", "/S/exits", {
    answer: /exited with code 3\. Was process\.exit\(\) called\? \(RT0010\)/u,
  }),
];

describe("in a handler, or in a request:", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start({ file: "mistakes.js", args: ["--no-watch"] });
  });
  afterAll(async () => {
    await server.stop();
  });

  test.each(ROWS)("$number $mistake", async ({ path, method = "POST", status, answer, said }) => {
    const from = server.output.length;
    const got = await server.request(path, { method });
    if (status !== undefined) expect(got.status, got.text).toBe(status);
    if (answer) expect(got.text).toMatch(answer);
    if (said)
      await until(
        () => server.output.slice(from),
        (output) => said.test(output),
      );
  });

  test("5, 7: time and chance in an operation: once, and with the line", async () => {
    const ended = await Promise.all(
      ["/S/randomName", "/S/timeParameter"].map(async (path) => await server.request(path)),
    );
    const [name, parameter] = ended.map(({ text }) => text);
    expect(name).toMatch(
      new RegExp(`Journal mismatch at operation 0 .*with another name, at .*${LINE}`, "u"),
    );
    expect(parameter).toMatch(new RegExp(`with another parameter, at .*${LINE}`, "u"));
    expect(server.output).not.toMatch(/(?:randomName|timeParameter) failed, attempt 2/u);
  });

  test("56, 57: a body that is no JSON; a body without a type is taken for JSON", async () => {
    const broken = await fetch(`${server.url}/S/echo`, {
      method: "POST",
      body: '{"a',
      headers: { "content-type": "application/json" },
    });
    expect(await broken.text()).toMatch(/Failed to deserialize input: Unterminated string in JSON/u);
    const untyped = await fetch(`${server.url}/S/echo`, {
      method: "POST",
      body: new TextEncoder().encode("[1]"),
    });
    expect(await untyped.json()).toEqual([1]);
  });

  test("60: a workflow that ran already", async () => {
    await server.call("/W/once/run");
    expect(await server.request("/W/once/run")).toMatchObject({
      status: 409,
      text: expect.stringContaining("already invoked"),
    });
  });

  test("23: a handler that never ends is listed", async () => {
    const id = await server.send("/O/stuck/never");
    await until(
      async () => JSON.stringify(await server.admin("/invocations?status=running")),
      (running) => running.includes(id),
    );
    await server.admin(`/invocations/${id}/kill`, "PATCH");
  });

  test("44: an option that is none", () => {
    expect(server.output).toContain(
      'warning: the option "maxAttempt" in the retryPolicy of W is not known and has no effect',
    );
  });

  test("none of it was tried again and again", () => {
    expect(server.output).not.toMatch(/attempt [3-9]/u);
  });
});

const FOLDER = join(PACKAGE_ROOT, ".snippets", "mistakes");
const SERVICE = 'service({ name: "G", handlers: { f: async () => 1 } })';
/** Files that cannot be served, and what is printed. */
const LOADS: readonly (readonly [number, string, string, RegExp])[] = [
  [
    25,
    "a variable that is not set",
    `new URL(process.env.NOT_SET); export default [${SERVICE}];`,
    /Invalid URL/u,
  ],
  [
    40,
    "two services of one name",
    `export default [${SERVICE}, ${SERVICE}];`,
    /service "G" is defined twice/u,
  ],
  [41, "no export", "console.log(1);", /no services are exported, and none are served\. Export what/u],
  [42, "another export", "export default { a: 1 };", /none are served\. .*is an object with a/u],
  [
    43,
    "a name that is none",
    'export default [service({ name: "a b", handlers: { f: async () => 1 } })];',
    /must begin with a letter/u,
  ],
  [
    43,
    "a handler that is none",
    'export default [service({ name: "G", handlers: { f: 5 } })];',
    /handler "f" of service "G" is not a function/u,
  ],
  [
    43,
    "no handlers",
    'export default [service({ name: "G", handlers: {} })];',
    /service "G" has no handlers/u,
  ],
  [
    43,
    "a workflow without run",
    'export default [workflow({ name: "G", handlers: { f: async () => 1 } })];',
    /has no handler "run"/u,
  ],
  [
    45,
    "a package that is not there",
    `import "not-installed-anywhere"; export default [${SERVICE}];`,
    /not-installed-anywhere/u,
  ],
  [47, "a syntax error", "export default [", /Unexpected end of file/u],
  [
    47,
    "an import that is not there",
    `import { servic } from "perdure"; export default [${SERVICE.replace("service", "servic")}];`,
    /servic/u,
  ],
  [
    48,
    "a client of what is not defined yet",
    `const g = ${SERVICE.replace("1 }", "later.name }")}; g.handlers.f(); const later = { name: "L" }; export default [g];`,
    /Cannot read properties of undefined \(reading 'name'\)/u,
  ],
];

describe("in a file:", () => {
  beforeAll(() => mkdirSync(FOLDER, { recursive: true }));
  afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

  test.each(LOADS)("%d %s", async (number, mistake, code, words) => {
    const file = join(FOLDER, `${number}-${mistake.replaceAll(" ", "-")}.ts`);
    writeFileSync(file, `// @ts-nocheck\nimport { service, workflow } from "perdure";\n${code}\n`);
    const data = join(FOLDER, `${number}-${mistake.length}.sqlite`);
    const args = ["dev", file, "--port", "0", "--admin-port", "0", "--data", data, "--no-watch"];
    const { code: exitCode, stdout, stderr } = await ranBy(runCli(args));
    expect(stdout + stderr).toMatch(words);
    expect(exitCode).not.toBe(0);
  });
});

test("51: an option that is none, in one line", async () => {
  const { code, stderr } = await ranBy(runCli(["dev", "--prot", "1"]));
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/unknown option '--prot'/u);
  expect(stderr).toMatch(/Did you mean --port/iu);
});

test("65: a bug in a handler is said where tests run", async () => {
  const buggy = service({
    name: "Buggy",
    options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" } },
    handlers: {
      f: async (ctx: Context) => await ctx.run("step", () => Promise.reject(new TypeError("bug in step"))),
    },
  });
  const environment = await TestEnvironment.start({
    services: [buggy, object({ name: "X", handlers: { f: async () => 1 } })],
  });
  await expect(environment.call("/Buggy/f")).rejects.toThrow("bug in step");
  await environment.stop();
});
