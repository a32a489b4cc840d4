/**
 * Two versions of the engine over one store and one mailbox, as during a deployment, with handlers that stay on the version they
 * began with, and after a rollback. The simulator checks what it always checks: every invocation ends as it would, no step is
 * recorded twice, the order of a key, a single writer. docs/decisions/0017-versions-side-by-side.md says what is promised.
 *
 * `SIDES_SEEDS=300 npx vitest run --project unit test/history/sides.test.ts` tries more interleavings. The bundles of older
 * versions: README.md.
 */
import { globSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Resources } from "../../lib/model/resources.ts";
import { OwnTablesInvoker } from "../../runtime/aws/own-tables-invoker.ts";
import type { DispatcherPorts } from "../../runtime/dispatcher/delivery.ts";
import { type FaultPlan } from "../sim/faults.ts";
import { Prng } from "../../lib/prng.ts";
import { run } from "../sim/run.ts";
import { type Side, type Sides, TODAY } from "../sim/side.ts";
import { olderSide } from "./older-side.ts";

const SEEDS = Number(process.env["SIDES_SEEDS"] ?? 25);
const FROM = Number(process.env["SIDES_FROM"] ?? 1);
/** Programs that begin something else in every other attempt (0019): an older version passes nothing on, and nothing is compared. */
const DRIFTING = [40, 168];
/** The simulator's faults stop after so long. Deployments and rollbacks happen in that time. */
const BUSY_MS = 20_000;

const traceLimit = Error.stackTraceLimit;
afterAll(() => {
  Error.stackTraceLimit = traceLimit;
});

type Version = "older" | "today" | "either";
interface Row {
  /** Dispatchers, ingress, admin API and reconciler, one after the other. */
  readonly runtime: readonly Version[];
  /** Of the first and of the second deployment of the handlers. */
  readonly handlers: readonly [Version, Version];
}

const ROWS: Readonly<Record<string, Row>> = {
  "older handlers under today's runtime": { runtime: ["today"], handlers: ["older", "today"] },
  "today's handlers under an older runtime": { runtime: ["older"], handlers: ["today", "older"] },
  "both runtimes, older handlers": { runtime: ["either"], handlers: ["older", "older"] },
  "both runtimes, today's handlers": { runtime: ["either"], handlers: ["today", "today"] },
  "a deployment": { runtime: ["older", "either", "today"], handlers: ["older", "today"] },
  "a rollback, and a deployment once more": {
    runtime: ["today", "either", "older", "either", "today"],
    handlers: ["today", "older"],
  },
};

/** What the versions did in a run. */
class Watched {
  /** Batches and turns, by `dispatcher` or `handler` and version. */
  readonly counts: Record<string, number> = {};
  /** Invocations of which a second turn began while one ran, since that was taken for dead. */
  readonly twice: string[] = [];
  readonly #live = new Map<string, number>();

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  watch(side: Side): Side {
    return {
      ...side,
      dispatcher: (ports) => {
        const dispatcher = side.dispatcher(side === TODAY ? onOwnTables(ports) : ports);
        const handle: typeof dispatcher.handle = async (batch, ms) => {
          this.count(`dispatcher ${side.name}`);
          return await dispatcher.handle(batch, ms);
        };
        return { handle };
      },
      endpoint: (stage) => {
        const endpoint = side.endpoint(stage);
        return {
          discover: () => endpoint.discover(),
          runTurn: async (request, ports) => {
            this.count(`handler ${side.name}`);
            const isTakenForDead = request.head?.["s"] === "running";
            const outcome = await this.#alone(request.id, isTakenForDead, () =>
              endpoint.runTurn(request, ports),
            );
            // A function of today's version says where it has run (0026).
            const { resourcesId: where } = request;
            return side === TODAY && where !== undefined ? { ...outcome, resourcesId: where } : outcome;
          },
        };
      },
    };
  }

  async #alone<T>(id: string, isTakenForDead: boolean, turn: () => Promise<T>): Promise<T> {
    const others = this.#live.get(id) ?? 0;
    if (others > 0 && isTakenForDead) this.twice.push(id);
    this.#live.set(id, others + 1);
    try {
      return await turn();
    } finally {
      this.#live.set(id, (this.#live.get(id) ?? 0) - 1);
    }
  }
}

const RESOURCES: Resources = {
  ...{ journalTable: "journal", stateTable: "state", registryTable: "registry" },
  mailboxUrl: "http://localhost/mailbox.fifo",
};

/** As in AWS: what an older version's turn says is looked up in the head, and must be found there. */
function onOwnTables(ports: DispatcherPorts): DispatcherPorts {
  const { items, clock, invoker } = ports;
  const own = new OwnTablesInvoker(invoker, { items, clock, resources: RESOURCES });
  const { staysInTouch = false } = invoker;
  return { ...ports, invoker: { invoke: own.invoke.bind(own), staysInTouch } };
}

/** Draws for each batch and each request which version gets it. */
function sidesOf(
  seed: number,
  { runtime, handlers }: Row,
  { older, today }: Readonly<Record<"older" | "today", Side>>,
): (now: () => number) => Sides {
  return (now) => {
    const prng = new Prng(seed, "sides");
    const beganMs = now();
    // The older and the newer are both there for a while, the longer the rarer.
    const changes = runtime
      .slice(1)
      .map(() => prng.between(0, BUSY_MS))
      .toSorted((a, b) => a - b);
    const pick = (version: Version | undefined): Side =>
      version === "older" || (version === "either" && prng.chance(0.5)) ? older : today;
    return {
      isMixed: true,
      of: () => pick(runtime[changes.filter((atMs) => now() - beganMs >= atMs).length]),
      ofHandlers: (version) => pick(handlers[version - 1]),
    };
  };
}

const bundles = globSync("*.mjs.br", { cwd: import.meta.dirname }).map((name) => basename(name, ".mjs.br"));
test("there are bundles", () => expect(bundles).toContain("parts-1"));

const PLANS: Readonly<Record<string, FaultPlan>> = { "without faults": { none: true }, "with faults": {} };

describe.each(bundles)("beside %s", async (bundle) => {
  const older = await olderSide(bundle);
  describe.each(Object.entries(ROWS))("%s", (_, row) => {
    test.each(Object.entries(PLANS))("%s", { timeout: 1000 * (30 + SEEDS) }, async (_name, plan) => {
      const failed: string[] = [];
      const seen: Record<string, number> = {};
      for (const seed of [...Array.from({ length: SEEDS }, (_each, index) => FROM + index), ...DRIFTING]) {
        const watched = new Watched();
        const both = { older: watched.watch(older), today: watched.watch(TODAY) };
        const { violation } = await run({ seed, plan, sides: sidesOf(seed, row, both) });
        if (violation) failed.push(`seed ${seed}: ${violation.rule}: ${violation.message}`);
        const [id] = watched.twice;
        if (plan.none && row.runtime.length === 1 && row.runtime[0] !== "either" && id !== undefined)
          failed.push(`seed ${seed}: two turns of ${id} at once`);
        for (const [what, count] of Object.entries(watched.counts)) seen[what] = (seen[what] ?? 0) + count;
      }
      expect(failed).toEqual([]);
      const versions = (part: string, of: readonly Version[]): string[] =>
        [
          of.some((each) => each !== "today") ? bundle : "",
          of.some((each) => each !== "older") ? "today" : "",
        ]
          .filter((name) => name !== "")
          .map((name) => `${part} ${name}`);
      // Without faults the second deployment never comes.
      const deployed = plan.none ? row.handlers.slice(0, 1) : row.handlers;
      const expected = [...versions("dispatcher", row.runtime), ...versions("handler", deployed)];
      expect(Object.keys(seen)).toEqual(expect.arrayContaining(expected));
    });
  });
});
