/** Nothing that comes from the network moves the developer's cursor or looks like a line of ours. */
import { stripVTControlCharacters } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import { DevConsole } from "../../../cli/dev-console.ts";
import type { FailedAttempt } from "../../../runtime/dev/events.ts";

const NASTY = "\u001b]0;owned\u0007\u001b[2J\r\nadmin failed\u009b1m\u202e";
/** A service, a handler, or whatever has a name. */
const named = (name: string) => ({ name: `${name}${NASTY}`, type: "service", kind: "plain" }) as const;

function printed(act: (output: DevConsole) => void): string {
  let text = "";
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    }),
  );
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  act(
    new DevConsole({
      files: ["app.ts"],
      dataPath: "data.sqlite",
      watch: false,
      least: "warn",
      mode: "normal",
    }),
  );
  return text;
}

const attempt: FailedAttempt = {
  ...{ invocation: "inv_1", count: 1, operation: `run "${NASTY}"` },
  target: { service: `S${NASTY}`, key: `k${NASTY}`, handler: `h${NASTY}` },
  message: `m${NASTY}`,
  stack: `Error: x\n    at f${NASTY} (app.ts:1:1)`,
};
const failed = { kind: "attempt-failed", id: "inv_1", target: attempt.target, atMs: 0, attempt } as const;
const services = [{ ...named("S"), handlers: [named("h"), { ...named("p"), ingressPrivate: true }] }];
const deployed = { deployment: "dp_1", services, isNew: true, warnings: [`w${NASTY}`] };

test.each<[string, (output: DevConsole) => void, number]>([
  [
    "a failed attempt",
    (output) =>
      output.report({ kind: "invocation", event: failed, details: () => Promise.resolve({ waits: [] }) }),
    3,
  ],
  ["a warning", (output) => output.report({ kind: "warning", message: NASTY }), 1],
  ["a deployment's warnings", (output) => output.report({ kind: "deployed", deployed }), 1],
  [
    "a lost file",
    (output) => output.report({ kind: "data-lost", file: { path: `/x${NASTY}`, how: "deleted" } }),
    1,
  ],
  [
    "the list of services",
    (output) => output.ready({ url: "u", adminUrl: "a", deployed }, { path: "S/h", json: NASTY }),
    13,
  ],
])("%s is shown with its control characters escaped", (_name, act, lines) => {
  const shown = printed(act);
  for (const obeyed of ["\u001b]0;", "\u001b[2J", "\u0007"]) expect(shown).not.toContain(obeyed);
  // The colours of ours, if there are any.
  const text = stripVTControlCharacters(shown);
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(text.trimEnd().split("\n")).toHaveLength(lines);
});

test("what a handler prints is passed on as it is", () => {
  const line = "\u001b[31mred\u001b[39m";
  const text = printed((output) =>
    output.report({ kind: "output", deployment: "dp_1", old: false, stream: "stdout", line }),
  );
  expect(text).toContain(line);
});
