// What `perdure dev` says of invocations: one line for each thing that happens, and no flood.
import { expect, test } from "vitest";
import {
  InvocationLines,
  type InvocationMode,
  type LineEvent,
  type ShownLine,
} from "../../../cli/dev-lines.ts";
import { CONSOLE_LINES_MAX } from "../../../lib/limits/cli.ts";
import { failure } from "../../../lib/model/outcome.ts";
import type { InvocationDetails } from "../../../runtime/dev/invocation-details.ts";

const AT = new Date(2026, 10, 29, 10, 31, 2).getTime();
const happened = { id: "inv_1", target: { service: "Cart", key: "k", handler: "checkout" }, atMs: AT };
const started: LineEvent = { ...happened, kind: "turn", isFirst: true, attempt: 1 };
const continued: LineEvent = { ...happened, kind: "turn", isFirst: false, attempt: 2 };
const suspended: LineEvent = { ...happened, kind: "suspended", wait: { kind: "call", command: 0 } };
const step: LineEvent = { ...happened, kind: "step", name: "charge", tookMs: 12 };
const completed: LineEvent = { ...happened, kind: "completed" };

class Console {
  readonly printed: ShownLine[] = [];
  readonly lines: InvocationLines;
  #sumUp: () => void = () => undefined;

  constructor(mode: InvocationMode) {
    this.lines = new InvocationLines({
      mode,
      print: (line) => this.printed.push(line),
      after: (_ms, callback) => (this.#sumUp = callback),
    });
  }

  async shows(event: LineEvent, details: InvocationDetails = { waits: [] }): Promise<string | undefined> {
    this.lines.report(event, () => Promise.resolve(details));
    await this.lines.settled();
    return this.printed.pop()?.text;
  }

  async secondPasses(): Promise<void> {
    this.#sumUp();
    await this.lines.settled();
  }
}

test("a start, a suspension, an end", async () => {
  const output = new Console("normal");
  expect(await output.shows(started)).toBe("10:31:02 ▶ Cart/k/checkout started");
  expect(await output.shows(suspended, { waits: ["Mailer/send"] })).toBe(
    "10:31:02 ☾ Cart/k/checkout suspended: waits for Mailer/send",
  );
  const soon = { waits: ['the sleep "pause"'], untilMs: AT + 5000 };
  expect(await output.shows(suspended, soon)).toBe(
    '10:31:02 ☾ Cart/k/checkout suspended until 10:31:07: waits for the sleep "pause"',
  );
  const late = { waits: ["a", "b", "c", "d", "e"], untilMs: AT + 30 * 86_400_000 };
  expect(await output.shows(suspended, late)).toMatch(
    /until 2026-12-29 \d\d:31:02: waits for a, b, c, 2 more$/u,
  );
  expect(await output.shows(completed, { waits: [], steps: 1, acceptedAtMs: AT - 1200 })).toBe(
    "10:31:02 ✓ Cart/k/checkout succeeded in 1s, 1 step",
  );
  expect(await output.shows(completed, { waits: [], steps: 0 })).toBe("10:31:02 ✓ Cart/k/checkout succeeded");
  const failed = { waits: [], steps: 2, acceptedAtMs: AT - 20, outcome: failure(404, "no room\nmore") };
  expect(await output.shows(completed, failed)).toBe(
    "10:31:02 ✕ Cart/k/checkout failed in 20ms, 2 steps: [404] no room",
  );
  expect(await output.shows(completed, { waits: [], outcome: failure(409, "cancelled") })).toBe(
    "10:31:02 ⊘ Cart/k/checkout was cancelled",
  );
});

test("verbose: steps and later turns as well; quiet: failures alone", async () => {
  const [normal, verbose, quiet] = [new Console("normal"), new Console("verbose"), new Console("quiet")];
  const failed = { waits: [], outcome: failure(500, "no") };
  expect(await normal.shows(step)).toBeUndefined();
  expect(await normal.shows(continued)).toBeUndefined();
  expect(await verbose.shows(step)).toBe('10:31:02 · Cart/k/checkout step "charge" took 12ms');
  expect(await verbose.shows({ ...step, error: "no\nstack" })).toContain(
    'step "charge" failed after 12ms: no',
  );
  expect(await verbose.shows(continued)).toContain("continues, attempt 2");
  for (const event of [started, suspended, step, completed]) expect(await quiet.shows(event)).toBeUndefined();
  expect(await quiet.shows(completed, failed)).toContain("failed: [500] no");
});

test("a failure goes to stderr, and names are shown and not obeyed", async () => {
  const output = new Console("normal");
  const hostile = { ...completed, target: { service: "S", key: "\u001b[2J\n\u202e", handler: "h" } };
  output.lines.report(hostile, () => Promise.resolve({ waits: [], outcome: failure(500, "\u0007") }));
  await output.lines.settled();
  expect(output.printed[0]).toMatchObject({ stream: "stderr", style: "red" });
  expect(output.printed[0]?.text).not.toMatch(/[\p{Cc}\u202e]/u);
});

test("what nobody could read is summed up, once a second", async () => {
  const output = new Console("normal");
  const details = () => Promise.resolve({ waits: [] });
  for (let n = 0; n < CONSOLE_LINES_MAX; n++) output.lines.report(started, details);
  for (let n = 0; n < 312; n++) output.lines.report(completed, details);
  output.lines.report(started, details);
  await output.lines.settled();
  expect(output.printed).toHaveLength(CONSOLE_LINES_MAX);
  await output.secondPasses();
  expect(output.printed.at(-1)?.text).toBe("… and 312 more ended, 1 more started");
  expect(await output.shows(started)).toContain("started");
});

test("what a quiet console does not print takes no room there", async () => {
  const output = new Console("quiet");
  for (let n = 0; n <= CONSOLE_LINES_MAX; n++) await output.shows(completed);
  await output.secondPasses();
  expect(output.printed).toEqual([]);
});

test("details that cannot be read leave the line as it is", async () => {
  const output = new Console("normal");
  output.lines.report(suspended, () => Promise.reject(new Error("closed")));
  await output.lines.settled();
  expect(output.printed[0]?.text).toBe("10:31:02 ☾ Cart/k/checkout suspended");
});
