/** Draws the programs of a run, and what clients and operators do to them. */
import { BRIEF_MS, LONG_NAME } from "./interpreter.ts";
import { isOfPeople, peopleWorkload } from "./people.ts";
import { Prng } from "../../lib/prng.ts";
import type { Callee, Instruction, Part, Program } from "./program.ts";
import type { Interference, Root, Workload } from "./requests.ts";
import { NO_ROOM } from "./silence.ts";

interface Scope {
  readonly depth: number;
  readonly callee: Callee;
  readonly pid: string;
  /** In concurrent branches. A retried error would change the numbers of the other branches' commands. */
  readonly inBranch?: true;
}
const DAY_MS = 24 * 60 * 60 * 1000;
/** Objects of deeper calls have keys of their own level, so that no two wait for each other. */
const DEPTH_MAX = 2;
const STATE_NAMES = ["a", "b", "c"];

/** What few seeds draw. */
export type SpecialWorkload =
  | "drifting"
  | "narrow"
  | "busy key"
  | "lives"
  | "hot key"
  | "bank"
  | "killing"
  | "long state";

/** In some runs what services and shared handlers are asked for is asked for over HTTP. Drawn apart, so that the other seeds' runs stay
 * what they were. */
function atDoors(seed: number, { roots }: Workload): readonly Root[] {
  const prng = new Prng(seed, "doors");
  if (!prng.chance(DOORS)) return roots;
  const isAsked = ({ program, delayMs, outside }: Root): boolean =>
    AT_DOOR.has(program.callee) && delayMs === undefined && outside === undefined;
  return roots.map((root) => (isAsked(root) && prng.chance(0.8) ? { ...root, door: true } : root));
}
const DOORS = 0.4;
const AT_DOOR: ReadonlySet<Callee> = new Set<Callee>(["plain", "shared", "workflow-shared", "brief"]);

/** One seed in sixteen. */
const LONG_STATE_SEEDS = 3;
/** One seed in 32. */
const BUSY_SEEDS = 7;
/** One seed in 64, each. */
const DRIFTING_SEEDS = 40;
const NARROW_SEEDS = 52;

export class Generator {
  readonly #prng: Prng;
  readonly #seed: number;
  readonly #extra: Prng;
  #programs = 0;
  #steps = 0;
  readonly #keysPerLevel: number;
  #keys = 0;
  #promises: { readonly key: string; readonly name: string }[] = [];
  readonly #weights: readonly string[];

  constructor(seed: number) {
    this.#seed = seed;
    this.#prng = new Prng(seed, "workload");
    this.#keysPerLevel = this.#prng.int(1, 2);
    const kinds = [
      "step",
      "step",
      "step",
      "sleep",
      "call",
      "call",
      "send",
      "state",
      "state",
      "state",
      "state",
      "combine",
      "combine",
    ];
    const rare = [
      "awakeable",
      "awakeable",
      "try",
      "throw",
      "timeout",
      "branches",
      "promise",
      "long-sleep",
      "big",
    ];
    // Swarm: each run has some kinds of instructions only.
    const kept = [...kinds, ...rare].filter(() => this.#prng.chance(0.65));
    // Drawn apart, so that the other seeds' workloads stay what they were.
    this.#extra = new Prng(seed, "extra");
    if (this.#extra.chance(0.25))
      kept.push(...["signals", "attach", "huge"].filter(() => this.#extra.chance(0.6)));
    this.#weights = kept.length > 0 ? kept : ["step"];
  }

  /** `withPeople`: operators' and callers' requests of all kinds, in some runs. */
  workload(withPeople = true): Workload {
    const drawn = this.#drawn(withPeople);
    const isAsked = withPeople && !isOfPeople(this.#seed);
    return isAsked ? { ...drawn, roots: atDoors(this.#seed, drawn) } : drawn;
  }

  #drawn(withPeople: boolean): Workload {
    const prng = this.#prng;
    if (withPeople && isOfPeople(this.#seed)) return peopleWorkload(this.#seed);
    const special = this.#drawsSpecial();
    if (special) return this.special(special);
    const count = prng.int(1, 5);
    const disturbed = prng.chance(0.3);
    const spreadMs = prng.pick([10, 500, 20_000]);
    const roots: Root[] = [];
    for (let index = 0; index < count; index++) {
      const callee = prng.pick<Callee>([
        "plain",
        "exclusive",
        "exclusive",
        "exclusive",
        "shared",
        "workflow",
      ]);
      const isIdempotent = callee !== "workflow" && prng.chance(0.3);
      roots.push({
        program: this.#program(callee, 0),
        atMs: prng.between(0, spreadMs),
        times: callee === "workflow" || isIdempotent ? prng.int(1, 3) : 1,
        ...(isIdempotent ? { idempotencyKey: `key-${index}` } : {}),
        ...(prng.chance(0.12) ? { delayMs: prng.int(1, 30_000) } : {}),
        ...(disturbed && prng.chance(0.6) ? { outside: this.#interference() } : {}),
      });
    }
    for (const { key, name } of this.#promises) roots.push(this.#resolver(key, name, spreadMs));
    return { roots, disturbed };
  }

  #drawsSpecial(): SpecialWorkload | undefined {
    const prng = this.#prng;
    if (this.#seed % 64 === DRIFTING_SEEDS) return "drifting";
    if (this.#seed % 64 === NARROW_SEEDS) return "narrow";
    if (this.#seed % 32 === BUSY_SEEDS) return "busy key";
    if (this.#extra.chance(0.08)) return "lives";
    if (prng.chance(0.05)) return "hot key";
    if (prng.chance(0.05)) return "bank";
    if (prng.chance(0.06)) return "killing";
    return this.#seed % 16 === LONG_STATE_SEEDS ? "long state" : undefined;
  }

  /** One of that kind, whatever the seed draws. */
  special(kind: SpecialWorkload): Workload {
    switch (kind) {
      case "drifting":
        return this.#drifting();
      case "narrow":
        return this.#narrow();
      case "busy key":
        return this.#busyKey();
      case "lives":
        return this.#lives();
      case "hot key":
        return this.#hotKey();
      case "bank":
        return this.#bank();
      case "killing":
        return this.#killing();
      case "long state":
        return this.#longState();
    }
  }

  /** One name that is written and read at the same time, its values in chunks. */
  #longState(): Workload {
    const prng = this.#prng;
    const one = (callee: Callee, body: readonly Instruction[], atMs: number): Root => ({
      program: { pid: this.#pid(), callee, key: "k0-long", body },
      atMs,
      times: 1,
    });
    const set: Instruction = { do: prng.chance(0.15) ? "clear" : "set", name: LONG_NAME };
    const write = (): Instruction[] => [
      { do: "set", name: LONG_NAME },
      { ...this.#step(), ms: prng.between(0, 5) } as Instruction,
    ];
    const spreadMs = prng.pick([50, 500]);
    const writers = Array.from({ length: prng.int(2, 4) }, () =>
      one("exclusive", [...write(), ...write(), set, ...write()], prng.between(0, spreadMs)),
    );
    const readers = Array.from({ length: 24 }, () =>
      one("shared", [{ do: "get", name: LONG_NAME }], prng.between(0, 3 * spreadMs)),
    );
    return { roots: [...writers, ...readers], disturbed: false };
  }

  /** Names that live again and again: retentions of seconds, and a pause in which what has expired is deleted. */
  #lives(): Workload {
    const prng = this.#extra;
    const laterMs = prng.pick([10 * DAY_MS, 10 * DAY_MS, 20 * DAY_MS]);
    const roots: Root[] = [];
    for (const fromMs of [0, laterMs]) {
      for (let count = prng.int(3, 7); count > 0; count--) {
        roots.push(this.#brief(fromMs + prng.between(0, 4 * BRIEF_MS), laterMs));
      }
    }
    return { roots, disturbed: true, laterMs };
  }

  #brief(atMs: number, laterMs: number): Root {
    const prng = this.#extra;
    const pid = this.#pid();
    const kind = prng.pick(["run", "run", "look", "look", "plain", "plain", "long"] as const);
    const [set, get, keys, peek]: readonly Instruction[] = [
      { do: "set", name: "a" },
      { do: "get", name: "a" },
      { do: "keys" },
      { do: "promise.peek", name: "p" },
    ];
    const some = (all: readonly (Instruction | undefined)[]): Instruction[] =>
      all.flatMap((instruction) => (instruction && prng.chance(0.7) ? [instruction] : []));
    const step: Instruction = { do: "step", name: `s${++this.#steps}`, ms: 5 };
    const key = prng.pick(["w1", "w2"]);
    if (kind === "run") {
      const body = some([get, keys, peek, set, step, { do: "promise.resolve", name: "p" }, set, peek]);
      return { program: { pid, callee: "brief-run", key, body }, atMs, times: prng.int(1, 2) };
    }
    if (kind === "look") {
      const body = [...some([get, peek, keys, step]), ...some([get, peek])];
      return { program: { pid, callee: "brief-look", key, body }, atMs, times: 1 };
    }
    if (kind === "plain") {
      const program: Program = { pid, callee: "brief", body: [step] };
      return { program, atMs, times: prng.int(1, 2), idempotencyKey: prng.pick(["i1", "i2"]) };
    }
    const sent: Program = { pid: this.#pid(), callee: "brief", body: [step] };
    const sleep: Instruction = { do: "sleep", ms: Math.max(1000, laterMs - atMs) };
    const body: Instruction[] = [
      { do: "send", program: sent },
      sleep,
      { ...step, name: `s${++this.#steps}` },
    ];
    return { program: { pid, callee: "plain", body }, atMs, times: 1 };
  }

  /** One key, more invocations than its lock holds inline. */
  #hotKey(): Workload {
    const prng = this.#prng;
    const one = (body: readonly Instruction[], atMs: number): Root => ({
      program: { pid: this.#pid(), callee: "exclusive", key: "k0-hot", body },
      atMs,
      times: 1,
      ...(prng.chance(0.05) ? { outside: this.#interference() } : {}),
    });
    const roots = [one([{ do: "sleep", ms: prng.int(1000, 20_000) }, this.#step()], 0)];
    const count = prng.int(9, 14);
    const spreadMs = prng.pick([10, 2000]);
    for (let index = 0; index < count; index++) {
      const scope: Scope = { depth: DEPTH_MAX, callee: "exclusive", pid: "" };
      const body = prng.chance(0.3) ? [this.#state(scope), this.#part(scope)] : [this.#state(scope)];
      roots.push(one(body, prng.between(1, spreadMs)));
    }
    return { roots, disturbed: true };
  }

  /** One holds the key, some are parked behind it, and it is killed while newcomers arrive: its key is handed on by a message, and
   * they come ahead of that one. */
  #busyKey(): Workload {
    const prng = this.#prng;
    const killedMs = prng.pick([300, 3000]);
    const one = (body: readonly Instruction[], atMs: number, outside?: Interference): Root => ({
      program: { pid: this.#pid(), callee: "exclusive", key: "k0-busy", body },
      atMs,
      times: 1,
      ...(outside ? { outside } : {}),
    });
    const set: Instruction = { do: "set", name: "a" };
    const holder = one([{ do: "sleep", ms: 100_000 }], 0, { does: "kill", afterMs: killedMs });
    const parked = Array.from({ length: prng.int(2, 4) }, () => {
      const outside: Interference = { does: "cancel", afterMs: prng.between(0, 2 * killedMs) };
      return one([set], prng.between(killedMs / 8, killedMs / 2), prng.chance(0.3) ? outside : undefined);
    });
    const newcomers = Array.from({ length: 16 }, () =>
      one([set], killedMs + prng.between(-killedMs / 8, killedMs / 2)),
    );
    return { roots: [holder, ...parked, ...newcomers], disturbed: true };
  }

  /** Steps and signals that the store has no room for (P1). */
  #narrow(): Workload {
    const prng = this.#prng;
    const roots = Array.from({ length: prng.int(2, 4) }, (): Root => {
      const callee = prng.pick<Callee>(["plain", "exclusive"]);
      const name = `${NO_ROOM}-${++this.#steps}`;
      const held: Instruction = prng.chance(0.5)
        ? { do: "step", name, ms: 5 }
        : { do: "signals", name, afterMs: prng.between(0, 2000) };
      const body = [
        ...(prng.chance(0.5) ? [this.#step()] : []),
        held,
        ...(prng.chance(0.5) ? [this.#step()] : []),
      ];
      const key = callee === "plain" ? {} : { key: "k0-narrow" };
      return { program: { pid: this.#pid(), callee, ...key, body }, atMs: prng.between(0, 2000), times: 1 };
    });
    return { roots: [...roots, ...this.#crowds()], disturbed: true, isNarrow: true };
  }

  /** More callers of one invocation, and of one promise, than may wait at once (P1). */
  #crowds(): Root[] {
    const prng = this.#prng;
    const one = (callee: Callee, body: readonly Instruction[], key?: string): Root => ({
      program: { pid: this.#pid(), callee, body, ...(key === undefined ? {} : { key }) },
      ...{ atMs: prng.between(0, 2000), times: 1 },
    });
    const awaited: Program = { pid: this.#pid(), callee: "plain", body: [{ do: "sleep", ms: 4000 }] };
    const call: Instruction = { do: "call", program: awaited, idempotencyKey: "crowd" };
    const callers = Array.from({ length: 4 }, () => one("plain", [call]));
    const name = `promise-${++this.#steps}`;
    const waiters = Array.from({ length: 4 }, () =>
      one("workflow-shared", [{ do: "promise.get", name }], "w-crowd"),
    );
    const resolver = { ...one("workflow-shared", [{ do: "promise.resolve", name }], "w-crowd"), atMs: 5000 };
    return [...callers, ...waiters, resolver];
  }

  /** Programs that are not deterministic: one of their steps has another name in every other attempt (0019). */
  #drifting(): Workload {
    const prng = this.#prng;
    const roots = Array.from({ length: prng.int(2, 6) }, (): Root => {
      const callee = prng.pick<Callee>(["plain", "exclusive"]);
      const before: Instruction[] = callee === "plain" ? [this.#step()] : [{ do: "set", name: "a" }];
      const drift: Instruction = { do: "drift", name: `d${++this.#steps}`, ms: prng.between(0, 20) };
      const body = [...(prng.chance(0.5) ? before : []), drift, ...(prng.chance(0.5) ? [this.#step()] : [])];
      const key = callee === "plain" ? {} : { key: "k0-drift" };
      return { program: { pid: this.#pid(), callee, ...key, body }, atMs: prng.between(0, 2000), times: 1 };
    });
    return { roots, disturbed: true };
  }

  /** Writers of one key that are killed while they write, and readers after them. */
  #killing(): Workload {
    const prng = this.#prng;
    const [set, get]: Instruction[] = [
      { do: "set", name: "a" },
      { do: "get", name: "a" },
    ];
    const spreadMs = prng.pick([50, 3000]);
    const roots = Array.from({ length: prng.int(2, 5) }, (): Root => {
      const isWriter = prng.chance(0.6);
      const some = isWriter ? [set, this.#step(), set, this.#step(), set] : [get, this.#step(), get, set];
      const body = some.flatMap((instruction) => (instruction ? [instruction] : []));
      if (prng.chance(0.4)) body.push({ do: "sleep", ms: prng.int(1, 500) });
      const program: Program = { pid: this.#pid(), callee: "exclusive", key: "k0-killed", body };
      const does = prng.pick(["kill", "kill", "kill", "cancel", "pause"] as const);
      const outside: Interference = { does, afterMs: prng.between(0, 2 * spreadMs) };
      return {
        program,
        atMs: prng.between(0, spreadMs),
        times: 1,
        ...(isWriter && prng.chance(0.8) ? { outside } : {}),
      };
    });
    return { roots, disturbed: true };
  }

  /** Transfers between accounts. The sum stays zero, also when some are cancelled (see `checkBank`). */
  #bank(): Workload {
    const prng = this.#prng;
    const account = (key: string, by: number): Part => ({
      do: "call",
      program: {
        pid: this.#pid(),
        callee: "exclusive",
        key: `bank-${key}`,
        body: [{ do: "add", name: "balance", by }],
      },
    });
    const roots = Array.from({ length: prng.int(3, 7) }, (): Root => {
      const [from = "", to = ""] = prng.shuffle(["a", "b", "c"]);
      const by = prng.int(1, 100);
      const body: Instruction[] = [account(from, -by), this.#step(), account(to, by)].filter(
        (part) => part.do !== "step" || part.terminal !== true,
      );
      const program: Program = { pid: this.#pid(), callee: "plain", body };
      return { program, atMs: prng.between(0, 2000), times: 1, idempotencyKey: `transfer-${program.pid}` };
    });
    return { roots, disturbed: false };
  }

  #interference(): Interference {
    const does = this.#prng.pick(["cancel", "cancel", "kill", "kill", "pause"] as const);
    return {
      does,
      afterMs: this.#prng.between(0, this.#prng.pick([100, 1000, 20_000])),
      ...(does === "pause" && this.#extra.chance(0.3) ? { thenCancel: true } : {}),
    };
  }

  /** Every promise that is awaited must be completed in the end. */
  #resolver(key: string, name: string, spreadMs: number): Root {
    const body: Instruction[] = [{ do: "promise.resolve", name }];
    if (this.#prng.chance(0.3)) body.unshift({ do: "promise.peek", name });
    if (this.#prng.chance(0.3)) body.push(this.#step());
    return {
      program: { pid: this.#pid(), callee: "workflow-shared", key, body },
      atMs: this.#prng.between(0, 2 * spreadMs),
      times: 1,
    };
  }

  #pid = (): string => `p${++this.#programs}`;

  #program(callee: Callee, depth: number): Program {
    const prng = this.#prng;
    const pid = this.#pid();
    const scope: Scope = { depth, callee, pid };
    const key =
      callee === "plain"
        ? undefined
        : callee === "workflow"
          ? `w-${pid}`
          : `k${depth}-${prng.int(1, this.#keysPerLevel)}`;
    const body = this.#body(scope, prng.int(1, depth === 0 ? 6 : 3));
    return { pid, callee, body, ...(key === undefined ? {} : { key }) };
  }

  #body(scope: Scope, count: number): Instruction[] {
    return Array.from({ length: count }, () => this.#instruction(scope)).flat();
  }

  #instruction(scope: Scope): Instruction[] {
    const prng = this.#prng;
    const kind = prng.pick(this.#weights);
    switch (kind) {
      case "state":
        return scope.callee === "plain" ? [this.#step()] : [this.#state(scope)];
      case "send":
        return [this.#send(scope)];
      case "try":
        return [
          {
            do: "try",
            body: [...this.#body(scope, 1), ...(prng.chance(0.5) ? [this.#throwing(scope)] : [])],
            recover: this.#body(scope, 1),
          },
        ];
      case "throw":
        return [this.#throwing(scope)];
      case "branches":
        return [
          {
            do: "branches",
            branches: [
              this.#body({ ...scope, inBranch: true }, prng.int(1, 2)),
              this.#body({ ...scope, inBranch: true }, 1),
            ],
          },
        ];
      case "attach":
        return scope.depth >= DEPTH_MAX || scope.inBranch
          ? [this.#step()]
          : [{ do: "attach", program: this.#callee(scope) }];
      case "promise":
        return scope.callee === "workflow" ? [this.#promise(scope)] : [this.#part(scope)];
      default:
        return [this.#part(scope, kind)];
    }
  }

  #throwing({ inBranch }: Scope): Instruction {
    const name = `t${++this.#steps}`;
    return inBranch || this.#prng.chance(0.15)
      ? { do: "throw", terminal: true, name }
      : { do: "throw", times: this.#prng.int(1, 3), name };
  }

  #state({ callee }: Scope): Instruction {
    const prng = this.#prng;
    const name = prng.pick(STATE_NAMES);
    if (callee === "shared" || callee === "workflow-shared")
      return prng.chance(0.7) ? { do: "get", name } : { do: "keys" };
    const kind = prng.pick(["get", "get", "set", "set", "set", "clear", "keys", "clearAll"] as const);
    return kind === "keys" || kind === "clearAll" ? { do: kind } : { do: kind, name };
  }

  #promise({ pid }: Scope): Instruction {
    const name = `promise-${++this.#steps}`;
    const key = `w-${pid}`;
    if (this.#prng.chance(0.2)) return { do: "promise.peek", name };
    if (this.#prng.chance(0.2)) return { do: "promise.resolve", name };
    this.#promises.push({ key, name });
    if (this.#prng.chance(0.2)) this.#promises.push({ key, name });
    return { do: "promise.get", name };
  }

  #callee(scope: Scope): Program {
    return this.#program(
      this.#prng.pick<Callee>(["plain", "exclusive", "exclusive", "shared", "workflow"]),
      scope.depth + 1,
    );
  }

  #send(scope: Scope): Instruction {
    if (scope.depth >= DEPTH_MAX) return this.#step();
    const prng = this.#prng;
    return {
      do: "send",
      program: this.#callee(scope),
      ...(prng.chance(0.3) ? { delayMs: prng.int(1, prng.pick([50, 5000, 3_600_000])) } : {}),
      ...(prng.chance(0.1) ? { idempotencyKey: this.#idempotencyKey() } : {}),
      ...(prng.chance(0.08) ? { cancelled: true as const } : {}),
    };
  }

  #step(): Part {
    const prng = this.#prng;
    const fails = prng.chance(0.15) ? prng.int(1, 3) : 0;
    return {
      do: "step",
      name: `s${++this.#steps}`,
      ms: prng.chance(0.2) ? prng.between(100, 3000) : prng.between(0, 20),
      ...(fails > 0 ? { fails } : {}),
      ...(fails > 0 && prng.chance(0.4) ? { attemptsMax: prng.int(1, 5) } : {}),
      ...(prng.chance(0.05) ? { terminal: true as const } : {}),
      ...(prng.chance(0.1) ? { padding: prng.pick([300, 900, 1500]) } : {}),
    };
  }

  /** Differs from the key of any call inside the callee, so that no invocation awaits itself. */
  #idempotencyKey = (): string => `inner-${++this.#keys}`;

  /** Two calls of one invocation: the second attaches to the first. */
  #twice(scope: Scope): Part {
    const call: Part = { do: "call", program: this.#callee(scope), idempotencyKey: this.#idempotencyKey() };
    return { do: this.#prng.pick(["all", "race", "settled"] as const), parts: [call, call] };
  }

  /** Nobody completes it. */
  #never(): Part {
    return { do: "awakeable", name: `a${++this.#steps}`, resolveAfterMs: 0, times: 0 };
  }

  // oxlint-disable-next-line complexity -- one branch for each kind of part
  #part(scope: Scope, kind: string = this.#prng.pick(this.#weights)): Part {
    const prng = this.#prng;
    switch (kind) {
      case "sleep":
        return { do: "sleep", ms: prng.int(0, prng.pick([5, 300, 8000])) };
      case "long-sleep":
        return { do: "sleep", ms: prng.int(60_000, 7_200_000) };
      case "call":
        if (scope.depth >= DEPTH_MAX) return this.#step();
        if (prng.chance(0.08)) return this.#twice(scope);
        return {
          do: "call",
          program: this.#callee(scope),
          ...(prng.chance(0.1) ? { idempotencyKey: this.#idempotencyKey() } : {}),
        };
      case "awakeable":
        return {
          do: "awakeable",
          name: `a${++this.#steps}`,
          resolveAfterMs: prng.between(0, prng.pick([1, 100, 10_000])),
          times: prng.int(1, 2),
          ...(prng.chance(0.1) ? { rejects: true as const } : {}),
        };
      case "combine": {
        const kinds = prng.pick(["all", "any", "race", "settled"] as const);
        const parts = Array.from({ length: prng.int(1, 3) }, () => this.#part(scope));
        // Another part always ends. Else the race would wait for ever.
        if (kinds === "race" && prng.chance(0.4)) parts.splice(prng.int(0, parts.length), 0, this.#never());
        return { do: kinds, parts };
      }
      case "timeout": {
        const part = prng.chance(0.3) ? this.#never() : this.#part(scope);
        return { do: "timeout", part, ms: prng.int(0, prng.pick([50, 2000])) };
      }
      case "signals":
        return { do: "signals", name: `g${++this.#steps}`, afterMs: prng.between(0, prng.pick([1, 5000])) };
      case "huge":
        return { do: "step", name: `s${++this.#steps}`, ms: 1, padding: 5000 };
      case "big":
        return { do: "step", name: `s${++this.#steps}`, ms: 1, padding: prng.pick([700, 950, 1100, 2000]) };
      default:
        return this.#step();
    }
  }
}
