/** Step 4: how long calls take, for the client and by hop; and what a cold start adds. */
import { randomUUID } from "node:crypto";
import type { Noting } from "./check.ts";
import { notePercentiles, pooled } from "./statistics.ts";
import type { AwsAccount } from "./account.ts";
import type { StackAtHand, Verification } from "./verification.ts";

const STEPS = 10;
const CHAIN = 10;
/** Requests under way at once, of the two rates that are tried. */
const ALONE = 1;
const TOGETHER = 20;
const KEYS = 20;

export async function latency(verification: Verification, stack: StackAtHand): Promise<void> {
  const { ledger, scale, clock } = verification;
  const { ingress } = stack;
  const run = randomUUID();
  const timed = async (path: string, body?: unknown): Promise<number> => {
    const { status, body: said, ms } = await ingress.post(path, body);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${said.toString().slice(0, 200)}`);
    return ms;
  };
  const measure = async (name: string, count: number, atOnce: number, call: (n: number) => Promise<number>) =>
    await ledger.check("latency", `${count} × ${name}, ${atOnce} at once`, async (note) => {
      const numbers = Array.from({ length: count }, (_, n) => n);
      const startMs = clock.now();
      notePercentiles(note, "answer", await pooled(numbers, atOnce, call));
      note("rate", (1000 * count) / (clock.now() - startMs), "calls/s");
    });
  await ledger.check("latency", "the way to the ingress and back, without a handler", async (note) => {
    const answers = await pooled(Array.from({ length: scale.longCalls }), 1, () =>
      ingress.door.request("GET", "/restate/health"),
    );
    notePercentiles(
      note,
      "answer",
      answers.map(({ ms }) => ms),
    );
  });
  for (const atOnce of [ALONE, TOGETHER]) {
    await measure("no-op call", scale.calls, atOnce, () => timed("/Greeter/greet", "Ada"));
    const key = (n: number): string => `latency-${n % KEYS}-${run}`;
    await measure("object add", scale.calls, atOnce, (n) => timed(`/Account/${key(n)}/deposit`, 1));
    await measure(`${STEPS} steps`, scale.longCalls, atOnce, () => timed("/Greeter/steps", STEPS));
    await measure(`chain of ${CHAIN} calls`, scale.longCalls, atOnce, () => timed("/Greeter/chain", CHAIN));
  }
  await hops(verification, stack);
  await coldStarts(verification, stack);
}

/** By the clocks of AWS's machines: when it was accepted, when its handler began, when it had ended. */
async function hops(verification: Verification, { ingress, admin, outputs }: StackAtHand): Promise<void> {
  const { ledger, scale, account, capabilities, clock } = verification;
  const startMs = clock.now();
  await ledger.check("latency", "hops of a send to an object", async (note) => {
    const run = randomUUID();
    const waits: number[] = [];
    const rests: number[] = [];
    for (let n = 0; n < scale.longCalls; n++) {
      const id = await ingress.send(`/Account/hops-${n}-${run}/began`, undefined, { "idempotency-key": run });
      const beganMs = Number(await ingress.result(id));
      const seen = await admin.invocation(id);
      if (!seen) throw new Error(`${id} has ended and is not kept`);
      waits.push(beganMs - Date.parse(seen.created_at));
      rests.push(Date.parse(seen.modified_at) - beganMs);
    }
    notePercentiles(note, "accepted to handler (queue and dispatcher)", waits);
    notePercentiles(note, "handler to end (recorded)", rests);
  });
  await ledger.check("latency", "hops, by the dispatcher's own measurements", async (note) => {
    await capabilities.require("metrics");
    const own = (metric: string, stat: "p50" | "p90" | "p99") => ({
      namespace: "Perdure",
      metric,
      dimensions: { Runtime: outputs.RuntimeName },
      stat,
    });
    for (const metric of ["OldestMessageAge", "TurnTime", "TimerLateness"]) {
      const stats = ["p50", "p90", "p99"] as const;
      const values = await account.metrics(
        stats.map((stat) => own(metric, stat)),
        startMs - 10 * 60_000,
        clock.now(),
      );
      for (const [index, stat] of stats.entries()) {
        const value = values[index];
        if (value !== undefined) note(`${metric} ${stat}`, value, "ms");
      }
    }
  });
}

/** Each change of a function's description makes its next invocation a cold one. */
async function coldStarts(verification: Verification, { ingress, outputs }: StackAtHand): Promise<void> {
  const { ledger, scale, account, capabilities, clock } = verification;
  await ledger.check(
    "latency",
    `${scale.coldStarts} cold starts of ingress, dispatcher and handler`,
    async (note) => {
      const startMs = clock.now();
      const run = randomUUID();
      const answers: number[] = [];
      for (let n = 0; n < scale.coldStarts; n++) {
        for (const name of [outputs.Ingress, outputs.Dispatcher])
          await account.updateFunction(name, { description: `Perdure: cold start ${n} of ${run}` });
        const begunMs = clock.now();
        await ingress.call(`/Account/cold-${n}-${run}/deposit`, 1);
        answers.push(clock.now() - begunMs);
      }
      notePercentiles(note, "answer of an object add, two functions cold", answers);
      await capabilities.require("logs");
      await clock.pause(scale.logsMs);
      const groups = {
        ingress: outputs.IngressLogs,
        dispatcher: outputs.DispatcherLogs,
        handler: outputs.MainLogs,
      };
      for (const [name, group] of Object.entries(groups))
        await noteInits(account, note, name, group, startMs);
    },
  );
}

/** `REPORT RequestId: … Duration: 3.21 ms Billed Duration: 4 ms … Init Duration: 151.22 ms`. */
async function noteInits(account: AwsAccount, note: Noting, name: string, group: string, fromMs: number) {
  const lines = (await account.logs(group, "REPORT RequestId", fromMs)).filter((line) =>
    line.includes("Init Duration"),
  );
  const number = (pattern: RegExp): number[] =>
    lines.flatMap((line) => (pattern.exec(line)?.[1] === undefined ? [] : [Number(pattern.exec(line)?.[1])]));
  note(`${name}: cold starts seen`, lines.length);
  notePercentiles(note, `${name}: init`, number(/Init Duration: ([\d.]+) ms/));
  notePercentiles(note, `${name}: first duration`, number(/\sDuration: ([\d.]+) ms/));
}
