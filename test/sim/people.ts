/**
 * Runs in which people act on everything: operators kill, cancel, pause, resume, restart, purge and edit state; callers wait
 * at the door and ask again; the mailbox gives messages up.
 */
import { Prng } from "../../lib/prng.ts";
import type { Callee, Instruction, Part, Program } from "./program.ts";
import type { Edit, Interference, Operation, Root, Workload } from "./requests.ts";

/** One seed in five. */
const SEEDS = 5;
export const isOfPeople = (seed: number): boolean => seed % SEEDS === 4;

const KEYS = ["k0-people", "k0-crowd"];
const NAMES = ["a", "b", "c"];
/** More than the retry policy of the simulator's services takes: they are paused. */
const THROWS_FOR_A_PAUSE = 7;

export const peopleWorkload = (seed: number): Workload => new People(seed).workload();

class People {
  readonly #prng: Prng;
  readonly #seed: number;
  readonly #operations: readonly Operation[];
  readonly #spreadMs: number;
  #programs = 0;
  #steps = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#prng = new Prng(seed, "people");
    // Swarm: some operations only. Else kills would leave nothing for the others.
    const all: Operation[] = ["cancel", "kill", "pause", "resume", "restart", "purge", "purge-journal"];
    const some = all.filter(() => this.#prng.chance(0.45));
    this.#operations = some.length > 0 ? some : all;
    this.#spreadMs = this.#prng.pick([50, 2000, 10_000]);
  }

  workload(): Workload {
    const prng = this.#prng;
    const isDoor = prng.chance(0.5);
    const roots = Array.from({ length: prng.int(2, 7) }, () => this.#root(isDoor));
    const edits = prng.chance(0.45) ? Array.from({ length: prng.int(1, 4) }, () => this.#edit()) : [];
    return {
      roots: [...roots, ...(prng.chance(0.15) ? this.#crowd() : [])],
      edits,
      disturbed: true,
      ...(prng.chance(0.35) ? { receivesMax: prng.int(2, 4) } : {}),
      ...(prng.chance(0.5) ? this.#rebuilt(prng.between(10, 2 * this.#spreadMs)) : {}),
    };
  }

  /** What rests then may be moved to the other build. */
  #rebuilt(rebuiltAtMs: number): Pick<Workload, "rebuiltAtMs" | "movesAtMs"> {
    const prng = new Prng(this.#seed, "moves");
    if (prng.chance(0.4)) return { rebuiltAtMs };
    const movesAtMs = Array.from({ length: prng.int(1, 4) }, () =>
      prng.between(rebuiltAtMs, rebuiltAtMs + prng.pick([100, 5000, 60_000])),
    );
    return { rebuiltAtMs, movesAtMs };
  }

  #root(isDoor: boolean): Root {
    const prng = this.#prng;
    const program = this.#program();
    const isWorkflow = program.callee === "workflow";
    const isNamed = !isWorkflow && prng.chance(0.4);
    const interferes = prng.chance(0.8);
    const also = interferes ? Array.from({ length: prng.int(1, 3) }, () => this.#interference()) : [];
    return {
      program,
      atMs: prng.between(0, this.#spreadMs),
      times: isWorkflow || isNamed ? prng.int(1, 3) : 1,
      ...(isNamed ? { idempotencyKey: `named-${program.pid}` } : {}),
      ...(!isDoor && prng.chance(0.15) ? { delayMs: prng.int(1, 10_000) } : {}),
      ...(isDoor ? { door: true as const } : {}),
      ...(isDoor && prng.chance(0.5) ? { next: this.#next() } : {}),
      also,
    };
  }

  /** What a caller asks next: of the key that the answered one may have written or sent to. */
  #next(): Root {
    const key = this.#prng.pick(KEYS);
    return {
      program: { pid: this.#pid(), callee: "exclusive", key, body: [this.#state(), this.#step()] },
      atMs: 0,
      times: 1,
      door: true,
    };
  }

  #program(): Program {
    const prng = this.#prng;
    const callee = prng.pick<Callee>(["plain", "plain", "exclusive", "exclusive", "exclusive", "workflow"]);
    const pid = this.#pid();
    const key = callee === "exclusive" ? prng.pick(KEYS) : callee === "workflow" ? `w-${pid}` : undefined;
    const body = Array.from({ length: prng.int(1, 6) }, () => this.#instruction(callee));
    // Its last act is a send: whoever is answered must find it on its way.
    if (prng.chance(0.25)) body.push({ do: "send", program: this.#sent() });
    return { pid, callee, body, ...(key === undefined ? {} : { key }) };
  }

  #sent(): Program {
    const callee = this.#prng.pick<Callee>(["plain", "exclusive"]);
    const key = callee === "exclusive" ? { key: this.#prng.pick(KEYS) } : {};
    return { pid: this.#pid(), callee, body: [this.#step()], ...key };
  }

  // oxlint-disable-next-line complexity -- one branch for each kind
  #instruction(callee: Callee): Instruction {
    const prng = this.#prng;
    const kind = prng.pick([
      ...["step", "step", "step", "long-step", "sleep", "long-sleep", "state", "state", "state", "clear"],
      ...["call", "send", "awakeable", "signals", "race", "throw", "pause", "try", "big", "together"],
    ]);
    switch (kind) {
      case "long-step":
        return { ...this.#step(), ms: prng.between(500, 8000) };
      case "sleep":
        return { do: "sleep", ms: prng.int(1, 3000) };
      case "long-sleep":
        return { do: "sleep", ms: prng.int(20_000, 400_000) };
      case "state":
      case "clear":
        if (callee === "plain") return this.#step();
        return kind === "clear" ? { do: "clearAll" } : this.#state();
      case "call":
        return { do: "call", program: this.#callee() };
      case "send":
        return {
          do: "send",
          program: this.#callee(),
          ...(prng.chance(0.5) ? { cancelled: true as const } : {}),
        };
      case "awakeable":
        return this.#awakeable();
      case "signals":
        return { do: "signals", name: `g${++this.#steps}`, afterMs: prng.between(0, 5000) };
      case "race":
        return { do: "race", parts: [{ ...this.#step(), ms: prng.between(200, 5000) }, this.#awakeable()] };
      case "throw":
        return { do: "throw", times: prng.int(1, 3), name: `t${++this.#steps}` };
      case "pause":
        return { do: "throw", times: THROWS_FOR_A_PAUSE, name: `t${++this.#steps}` };
      case "try":
        return {
          do: "try",
          body: [{ do: "sleep", ms: prng.int(100, 60_000) }],
          recover: [this.#step(), this.#step()],
        };
      case "big":
        return { ...this.#step(), padding: prng.pick([700, 1500, 4000]) };
      case "together":
        return {
          do: "all",
          parts: [
            this.#awakeable(),
            this.#awakeable(),
            this.#awakeable(),
            { do: "call", program: this.#callee() },
          ],
        };
      default:
        return this.#step();
    }
  }

  /** Of its own level of keys, so that no two wait for each other. */
  #callee(): Program {
    const callee = this.#prng.pick<Callee>(["plain", "exclusive"]);
    const body: Instruction[] = [
      this.#step(),
      ...(this.#prng.chance(0.5)
        ? [{ do: "sleep" as const, ms: this.#prng.int(1, 20_000) }, this.#step()]
        : []),
    ];
    return { pid: this.#pid(), callee, body, ...(callee === "exclusive" ? { key: "k1-people" } : {}) };
  }

  /** Many for one key, and one of them suspended: places in the inbox, hand-offs, settling. */
  #crowd(): Root[] {
    const one = (body: readonly Instruction[], atMs: number): Root => ({
      program: { pid: this.#pid(), callee: "exclusive", key: "k0-crowd", body },
      atMs,
      times: 1,
      ...(this.#prng.chance(0.3) ? { also: [this.#interference()] } : {}),
    });
    const first = one([this.#state(), { do: "sleep", ms: this.#prng.int(1000, 15_000) }], 0);
    return [
      first,
      ...Array.from({ length: this.#prng.int(4, 9) }, () =>
        one([this.#state()], this.#prng.between(1, this.#spreadMs)),
      ),
    ];
  }

  #interference(): Interference {
    const prng = this.#prng;
    const does = prng.pick(this.#operations);
    const afterMs = prng.between(0, prng.pick([0, 30, 1000, 20_000]));
    switch (does) {
      case "pause":
        return {
          does,
          afterMs,
          ...(prng.chance(0.3) ? { thenCancel: true as const } : {}),
          ...(prng.chance(0.3) ? { forGood: true as const } : {}),
        };
      case "resume":
        return { does, afterMs, deployment: prng.pick(["keep", "other"]) };
      case "restart": {
        const from = prng.chance(0.5) ? prng.int(1, 4) : 0;
        return { does, afterMs, from, deployment: from > 0 ? "keep" : prng.pick(["keep", "latest"]) };
      }
      case "cancel":
      case "kill":
      case "purge":
      case "purge-journal":
        return { does, afterMs };
    }
  }

  #edit(): Edit {
    const prng = this.#prng;
    const names = NAMES.filter(() => prng.chance(0.5));
    const pid = `edit${++this.#programs}`;
    const padding = prng.chance(0.2) ? "x".repeat(2000) : "";
    return {
      atMs: prng.between(0, 2 * this.#spreadMs),
      key: prng.pick(KEYS),
      state: Object.fromEntries(names.map((name) => [name, `${pid}:-${padding}`])),
      versioned: prng.chance(0.3),
    };
  }

  #state(): Instruction {
    const name = this.#prng.pick(NAMES);
    return this.#prng.pick<Instruction>([
      { do: "get", name },
      { do: "set", name },
      { do: "set", name },
      { do: "keys" },
    ]);
  }
  #awakeable(): Part {
    return {
      do: "awakeable",
      name: `a${++this.#steps}`,
      resolveAfterMs: this.#prng.between(0, 5000),
      times: 1,
    };
  }
  #step(): Extract<Part, { do: "step" }> {
    return { do: "step", name: `s${++this.#steps}`, ms: this.#prng.between(0, 20) };
  }
  #pid = (): string => `p${this.#seed}-${++this.#programs}`;
}
