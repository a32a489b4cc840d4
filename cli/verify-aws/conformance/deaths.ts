/** How functions die, what Lambda says of it, and what becomes of that in the admin API. */
import { Unmet } from "../check.ts";
import type { Capabilities, StackAtHand, Verification } from "../verification.ts";

const OUT_OF_MEMORY = /OutOfMemory|signal: killed/;
const SHOWN_CHARS = 200;
const PAUSED_MS = 90_000;

interface Death {
  readonly handler: "exit" | "hang" | "spin" | "memory" | "answer";
  readonly name: string;
  readonly code: string;
  /** What Lambda says. */
  readonly text: RegExp;
}

const DEATHS: readonly Death[] = [
  {
    handler: "exit",
    name: "a process that exits in mid-turn",
    code: "RT0010",
    text: /Runtime\.ExitError|exited|HandlerError/i,
  },
  {
    handler: "hang",
    name: "a step that never ends is given up before the function is",
    code: "RT0001",
    text: /did not end within/,
  },
  {
    handler: "spin",
    name: "a function that is cut off by its timeout",
    code: "RT0001",
    text: /Timedout|timed out/i,
  },
  {
    handler: "memory",
    name: "a function without memory",
    code: "RT0010",
    text: OUT_OF_MEMORY,
  },
  {
    handler: "answer",
    name: "a result of 7 MB is refused with its size",
    code: "RT0003",
    text: /bytes|MB|size|large/i,
  },
];

export async function deaths(
  { ledger, capabilities }: Verification,
  { ingress, admin }: StackAtHand,
): Promise<void> {
  await Promise.all(
    DEATHS.map((death) =>
      ledger.check("conformance", death.name, async (note) => {
        const id = await ingress.send(`/Deaths/${death.handler}`, 0);
        const seen = await ingress.until(
          () => admin.invocation(id),
          (now) => now?.status === "paused" || now?.status === "completed",
          PAUSED_MS,
        );
        if (seen?.status === "paused") await admin.door.request("PATCH", `/invocations/${id}/kill`);
        const said = seen?.last_failure ?? seen?.completion_failure ?? "";
        note("what was said", said.slice(0, SHOWN_CHARS));
        if (death.handler === "memory") expectLimit(capabilities, said);
        const code = seen?.last_failure_error_code ?? /\((RT\d{4})\)/.exec(said)?.[1] ?? "";
        if (code !== death.code || !death.text.test(said))
          throw new Unmet(`${death.code} with ${death.text.source}`, `${code}: ${said}`);
      }),
    ),
  );
}

/** `said`: nothing, if the handler has got all the memory that it wanted. */
function expectLimit(capabilities: Capabilities, said: string): void {
  if (said === "") throw capabilities.lacking("memory", "a handler got more than its function has");
  if (!OUT_OF_MEMORY.test(said))
    throw capabilities.lacking("deaths", `it says ${said.slice(0, SHOWN_CHARS)}`);
}
