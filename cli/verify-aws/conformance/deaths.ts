/** How functions die, what Lambda says of it, and what becomes of that in the admin API. */
import { Unmet } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const PAUSED_MS = 90_000;

interface Death {
  readonly handler: "exit" | "hang" | "memory" | "answer";
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
    name: "a step that never ends is cut off by the function's timeout",
    code: "RT0001",
    text: /Timedout|timed out/i,
  },
  {
    handler: "memory",
    name: "a function without memory",
    code: "RT0010",
    text: /OutOfMemory|signal: killed/,
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
    DEATHS.map(({ handler, name, code, text }) =>
      ledger.check("conformance", name, async (note) => {
        const id = await ingress.send(`/Deaths/${handler}`, 0);
        const seen = await ingress.until(
          () => admin.invocation(id),
          (now) => now?.status === "paused" || now?.status === "completed",
          PAUSED_MS,
        );
        const said = seen?.last_failure ?? seen?.completion_failure ?? "";
        if (seen?.status === "paused") await admin.door.request("PATCH", `/invocations/${id}/kill`);
        note("what was said", said.slice(0, 200));
        if (handler === "memory" && seen?.completion_result === "success")
          throw capabilities.lacking("memory", "it got more than it has");
        if (handler === "memory" && !text.test(said))
          throw capabilities.lacking("init", `of memory it says ${said.slice(0, 100)}`);
        const got = seen?.last_failure_error_code ?? /\((RT\d{4})\)/.exec(said)?.[1] ?? "";
        if (got !== code || !text.test(said))
          throw new Unmet(`${code} with ${text.source}`, `${got}: ${said}`);
      }),
    ),
  );
}
