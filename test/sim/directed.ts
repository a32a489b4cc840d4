/**
 * Directed workloads: small histories written for what random ones rarely come to. Each is aimed at one rule, with few requests, so
 * thousands of them are tried in a minute. The seed draws the times; the faults are those of the aim (aim.ts).
 */
import type { Prng } from "../../lib/prng.ts";
import type { Callee, Instruction, Part, Program } from "./program.ts";
import type { Interference, Root, Workload } from "./requests.ts";

const KEY = "k0-directed";

/** Makes what the histories consist of, with names that are unique in a run. */
class Draw {
  readonly prng: Prng;
  #programs = 0;
  #names = 0;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  program(callee: Callee, body: readonly Instruction[], key?: string): Program {
    return { pid: `p${++this.#programs}`, callee, body, ...(key === undefined ? {} : { key }) };
  }
  plain = (...body: Instruction[]): Program => this.program("plain", body);
  on = (...body: Instruction[]): Program => this.program("exclusive", body, KEY);

  step(ms: number, more: Partial<Extract<Part, { do: "step" }>> = {}): Extract<Part, { do: "step" }> {
    return { do: "step", name: this.#name("s"), ms, ...more };
  }
  /** Makes the program long, and so the input that it travels in. */
  long = (): Instruction => ({
    do: "try",
    body: [this.step(1)],
    recover: [{ do: "throw", name: "x".repeat(6000) }],
  });
  signals = (afterMs: number, askMs?: number): Part => ({
    do: "signals",
    name: this.#name("g"),
    afterMs,
    ...(askMs === undefined ? {} : { askMs }),
  });
  awakeable = (resolveAfterMs: number): Part => ({
    do: "awakeable",
    name: this.#name("a"),
    resolveAfterMs,
    times: 1,
  });
  between = (from: number, to: number): number => this.prng.between(from, to);
  many = <T>(from: number, to: number, make: (index: number) => T): T[] =>
    Array.from({ length: this.prng.int(from, to) }, (_, index) => make(index));
  #name = (kind: string): string => `${kind}${++this.#names}`;
}

const at = (atMs: number, program: Program, ...also: Interference[]): Root => ({
  program,
  atMs,
  times: 1,
  ...(also.length > 0 ? { also } : {}),
});
const set = (name: string): Instruction => ({ do: "set", name });
const get = (name: string): Instruction => ({ do: "get", name });
const sleep = (ms: number): Part => ({ do: "sleep", ms });

/** Two deliveries come during the first step, before there is a head (R21). */
const earlyNotes = (draw: Draw): Workload => ({
  roots: draw.many(1, 3, () =>
    at(
      draw.between(0, 500),
      draw.plain(draw.signals(draw.between(5, 300), draw.between(100, 700)), draw.step(5)),
    ),
  ),
  disturbed: false,
});

/** Two deliveries of one signal, far enough from each other for the first one to come again before the second (R9). */
const slowSignals = (draw: Draw): Workload => ({
  roots: draw.many(1, 2, () =>
    at(draw.between(0, 500), draw.plain(draw.signals(draw.between(4000, 20_000)))),
  ),
  disturbed: false,
});

/** A cancellation comes while the last attempt is under way, after which its policy pauses it (R20). */
const cancelledAsItRests = (draw: Draw): Workload => ({
  roots: [
    at(0, draw.plain(draw.step(draw.between(300, 900), { fails: 20 })), {
      does: "cancel",
      afterMs: draw.between(3000, 12_000),
    }),
  ],
  disturbed: true,
});

/** What is called is cancelled, by another sender of it, before its Start is handled (R21). */
function calledAndCancelled(draw: Draw): Workload {
  const callee = draw.plain(draw.step(5));
  const idempotencyKey = "directed";
  const caller = draw.plain({
    do: "try",
    body: [{ do: "call", program: callee, idempotencyKey }],
    recover: [draw.step(1)],
  });
  const sender = draw.plain({ do: "send", program: callee, idempotencyKey, cancelled: true }, draw.step(5));
  return {
    roots: [at(draw.between(0, 400), caller), at(draw.between(0, 400), sender)],
    disturbed: true,
  };
}

/** A note wakes it while the turn that suspended it has not written its state yet; others read that state next (R5). */
function wokenBeforeItsOutputs(draw: Draw): Workload {
  // Without a send, the set is in the append that suspends it.
  const first = draw.on({
    do: "branches",
    branches: [[draw.awakeable(draw.between(10, 400))], [draw.step(draw.between(0, 20)), set("a")]],
  });
  const others = draw.many(1, 3, () => at(draw.between(20, 3000), draw.on(get("a"), draw.step(5), get("a"))));
  return { roots: [at(0, first), ...others], disturbed: false };
}

/** Promises are completed at about the time at which they are waited for. */
function promisesInTime(draw: Draw): Workload {
  const names = draw.many(2, 5, (index) => `promise${index}`);
  const key = "w-directed";
  const waits = names.map((name): Instruction => ({ do: "promise.get", name }));
  return {
    roots: [
      at(0, draw.program("workflow", waits, key)),
      ...names.map((name) =>
        at(draw.between(0, 600), draw.program("workflow-shared", [{ do: "promise.resolve", name }], key)),
      ),
    ],
    disturbed: false,
  };
}

/** One holds the key, others are parked behind it and then drained one after the other (R23). */
function drained(draw: Draw): Workload {
  const others = draw.many(2, 5, () =>
    at(draw.between(20, 900), draw.on(...draw.many(1, 3, () => draw.step(5)))),
  );
  return { roots: [at(0, draw.on(sleep(1000))), ...others], disturbed: false };
}

/** The same, and some of those that wait are killed or cancelled when the key comes to them. */
function drainedAndEnded(draw: Draw): Workload {
  const ends = (): Interference[] => {
    const does = draw.prng.pick(["cancel", "kill"] as const);
    return draw.prng.chance(0.5) ? [{ does, afterMs: draw.between(300, 1400) }] : [];
  };
  const others = draw.many(3, 6, () => at(draw.between(20, 700), draw.on(draw.step(5)), ...ends()));
  return { roots: [at(0, draw.on(sleep(1000))), ...others], disturbed: true };
}

/** Writers of one state that sleep between their writes, while others wait: they keep their tokens (R3). */
const sleepingWriters = (draw: Draw): Workload => ({
  roots: draw.many(2, 4, () =>
    at(
      draw.between(0, 300),
      draw.on(set("a"), sleep(draw.between(50, 800)), set("b"), draw.step(5), get("a")),
    ),
  ),
  disturbed: false,
});

/** Each that holds the key is killed in its sleep, while others wait and newcomers come (R23). */
function killedInTurn(draw: Draw): Workload {
  const holders = draw.many(2, 4, (index) =>
    at(index * 60, draw.on(set("a"), sleep(100_000)), {
      does: "kill",
      afterMs: 600 + index * draw.between(100, 900),
    }),
  );
  const newcomers = draw.many(1, 6, () =>
    at(draw.between(300, 2500), draw.on(draw.step(draw.between(1, 1500)))),
  );
  return { roots: [...holders, ...newcomers], disturbed: true };
}

/** A value of several chunks, the same whenever it is stored. */
function longInputs(draw: Draw): Workload {
  const callee = (): Program => draw.plain(draw.step(1), draw.long());
  return {
    roots: draw.many(1, 3, () =>
      at(draw.between(0, 100), draw.plain({ do: "call", program: callee() }, draw.step(1))),
    ),
    disturbed: false,
  };
}

/** Killed as soon as it was accepted. */
const killedAtOnce = (draw: Draw): Workload => ({
  roots: draw.many(2, 5, () =>
    at(draw.between(0, 300), draw.plain(draw.step(draw.between(0, 80))), {
      does: "kill",
      afterMs: draw.between(0, 80),
    }),
  ),
  disturbed: true,
});

/** What has ended is restarted from a prefix, and others have written its state meanwhile. */
function restarted(draw: Draw): Workload {
  const { prng } = draw;
  const body = (): Instruction[] =>
    draw.many(2, 6, () =>
      prng.pick<() => Instruction>([
        () => draw.step(1),
        () => set(prng.pick(["a", "b"])),
        () => get(prng.pick(["a", "b"])),
        () => draw.signals(draw.between(0, 50)),
        () => sleep(5),
      ])(),
    );
  const restart = (): Interference => ({
    does: "restart",
    afterMs: draw.between(500, 5000),
    from: prng.int(1, 8),
    deployment: "keep",
  });
  return {
    roots: draw.many(2, 4, () => at(draw.between(0, 3000), draw.on(...body()), restart())),
    disturbed: true,
  };
}

/** The restarted one waits for its key, which others have had meanwhile and write to. */
function restartedAndParked(draw: Draw): Workload {
  const writers = draw.many(3, 6, () =>
    at(draw.between(500, 8000), draw.on(set("a"), sleep(draw.between(500, 3000)), draw.step(1))),
  );
  const first = draw.on(set("a"), draw.step(1), draw.step(1), get("a"));
  return {
    roots: [
      at(0, first, {
        does: "restart",
        afterMs: draw.between(1000, 6000),
        from: draw.prng.int(1, 3),
        deployment: "keep",
      }),
      ...writers,
    ],
    disturbed: true,
  };
}

/** Lives of one id, the first of which has a Start that comes again when the second one has expired, too. */
function lives(draw: Draw): Workload {
  const life = (fromMs: number, toMs: number): Root => ({
    ...at(draw.between(fromMs, toMs), draw.program("brief", [draw.step(5)])),
    idempotencyKey: "directed",
  });
  return { roots: [life(0, 100), life(4000, 9000)], disturbed: true };
}

/** Delayed starts of a key that come to it at about the same time, and others that are parked behind them. */
const delayed = (draw: Draw): Workload => ({
  roots: [
    ...draw.many(1, 2, () => ({
      ...at(0, draw.on(sleep(draw.between(20, 2000)), set("a"), draw.step(1))),
      delayMs: Math.floor(draw.between(100, 1500)),
    })),
    ...draw.many(1, 4, () => at(draw.between(300, 6000), draw.on(get("a"), draw.step(1), set("a")))),
  ],
  disturbed: false,
});

/** The restart of what takes several deliveries of one signal, of which the prefix has one. */
const restartedAmongSignals = (draw: Draw): Workload => ({
  roots: draw.many(1, 3, () =>
    at(draw.between(0, 500), draw.plain(draw.signals(draw.between(0, 300)), draw.step(1), draw.step(1)), {
      does: "restart",
      afterMs: draw.between(1500, 4000),
      from: draw.prng.int(1, 7),
      deployment: "keep",
    }),
  ),
  disturbed: true,
});

/** A purge and a restart of the same one, whose input stands in items of its own, at the same time. */
const purgedAndRestarted = (draw: Draw): Workload => ({
  roots: draw.many(2, 4, () => {
    const afterMs = draw.between(300, 1500);
    const purge = draw.prng.pick(["purge", "purge-journal"] as const);
    return at(
      draw.between(0, 100),
      draw.plain(draw.step(1, { padding: 2000 }), draw.long()),
      { does: "restart", afterMs, from: draw.prng.int(0, 2), deployment: "keep" },
      { does: purge, afterMs: afterMs + draw.between(-30, 30) },
    );
  }),
  disturbed: true,
});

/** Requests with long inputs for one id, which is killed and purged between them, again and again (R8). */
const purgedAndAskedForAgain = (draw: Draw): Workload => ({
  roots: draw.many(1, 2, (index) => ({
    ...at(
      draw.between(0, 100),
      draw.on(draw.step(1), draw.long()),
      ...draw.many(2, 4, (): Interference => ({ does: "kill", afterMs: draw.between(0, 20_000) })),
      ...draw.many(2, 4, (): Interference => ({ does: "purge", afterMs: draw.between(0, 20_000) })),
    ),
    idempotencyKey: `directed${index}`,
    times: 4,
  })),
  disturbed: true,
});

/** Edits of a key's state, and writers of that key before and after them. */
function edited(draw: Draw): Workload {
  const writers = draw.many(3, 8, () =>
    at(
      draw.between(0, 2000),
      draw.on(set(draw.prng.pick(["a", "b", "c"])), draw.step(draw.between(0, 100)), get("a")),
    ),
  );
  const edits = draw.many(1, 3, (index) => ({
    atMs: draw.between(0, 2000),
    key: KEY,
    state: { [draw.prng.pick(["a", "b"])]: `edit${index}:-` },
    versioned: draw.prng.chance(0.2),
  }));
  return { roots: writers, edits, disturbed: true };
}

/** The mailbox gives messages up, and an operator resumes what it gave up while others of the key go on. */
function givenUp(draw: Draw): Workload {
  const resumes = (): Interference[] =>
    draw.many(1, 2, () => ({ does: "resume", afterMs: draw.between(500, 60_000), deployment: "keep" }));
  const body = (): Instruction[] => [
    set("a"),
    draw.step(draw.between(0, 900)),
    ...(draw.prng.chance(0.5) ? [sleep(draw.between(10, 8000))] : []),
    draw.step(draw.between(0, 2000)),
    set("b"),
  ];
  return {
    roots: draw.many(2, 4, () => at(draw.between(0, 30_000), draw.on(...body()), ...resumes())),
    disturbed: true,
    receivesMax: 2,
  };
}

/** The mailbox gives messages up early, and nobody resumes before the end. */
const givenUpEarly = (draw: Draw, count: number, ...before: Instruction[]): Workload => ({
  roots: draw.many(count, count, () =>
    at(draw.between(0, 200), draw.on(...before, set("a"), sleep(draw.between(100, 2000)), draw.step(1))),
  ),
  disturbed: true,
  receivesMax: 2,
});

/** The Start of one is given up and is resumed, while others of the key run one after the other and never rest (R19). */
function givenUpAmongOthers(draw: Draw): Workload {
  const resumes = draw.many(4, 6, (): Interference => ({
    does: "resume",
    afterMs: draw.between(5000, 50_000),
    deployment: "keep",
  }));
  return {
    roots: [
      at(0, draw.on(draw.step(500), set("a"), draw.step(500)), ...resumes),
      ...draw.many(45, 45, (index) => at(4000 + index * 900, draw.on(draw.step(800), set("a")))),
    ],
    disturbed: true,
    receivesMax: 2,
  };
}

/** An end that writes more than one append holds, and has read before. */
const longEnd = (draw: Draw): Workload => ({
  roots: draw.many(1, 2, () =>
    at(
      draw.between(0, 100),
      draw.on(get("n1"), ...draw.many(8, 14, (index) => set(`${"n".repeat(240)}${index}`)), get("n2")),
    ),
  ),
  disturbed: false,
});

/** Reads and writes of one key side by side, in what takes several appends (R4). */
function readBesideWrites(draw: Draw): Workload {
  const name = draw.prng.pick(["a", "n".repeat(240)]);
  const read = draw.prng.pick<Instruction>([get(name), { do: "keys" }]);
  const writes = draw.many(1, 12, (index) => set(index === 0 ? name : `${"n".repeat(240)}${index}`));
  const body: Instruction = { do: "branches", branches: [[read], writes] };
  return { roots: [at(0, draw.on(body, draw.step(1)))], disturbed: true };
}

/** The mailbox gives up what has ended and has not written its state, an edit or a writer; others read the key next (R6). */
function givenUpUnwritten(draw: Draw): Workload {
  const roots = draw.many(2, 5, (index) =>
    at(draw.between(0, 1500), draw.on(get("a"), index % 2 === 0 ? set("a") : get("b"))),
  );
  const edits = draw.many(1, 2, (index) => ({
    ...{ atMs: draw.between(0, 1500), key: KEY, versioned: false },
    state: { a: `edit${index}:-`, b: `edit${index}:-` },
  }));
  return { roots, edits, disturbed: true, receivesMax: 2 };
}

/** Paused while it runs, and resumed at once, while its turn goes on (R17, R18). */
function pausedAndResumed(draw: Draw): Workload {
  const pauses = draw.many(1, 2, (): readonly Interference[] => {
    const afterMs = draw.between(20, 1500);
    return [
      { does: "pause", afterMs, forGood: true },
      { does: "resume", afterMs: afterMs + draw.between(5, 800), deployment: "keep" },
    ];
  });
  const body = [
    draw.step(10),
    draw.step(draw.between(50, 900)),
    draw.awakeable(draw.between(0, 900)),
    draw.step(10),
  ];
  const isExclusive = draw.prng.chance(0.5);
  const first = at(0, isExclusive ? draw.on(...body) : draw.plain(...body), ...pauses.flat());
  return {
    roots: [first, ...(isExclusive ? [at(draw.between(10, 900), draw.on(draw.step(5)))] : [])],
    disturbed: true,
  };
}

/** Paused under a message that comes again meanwhile, and then resumed, while its first turn lives (R18). */
function pausedUnderATwin(draw: Draw): Workload {
  const afterMs = draw.between(1000, 5000);
  return {
    roots: [
      at(
        0,
        draw.plain(draw.step(10), draw.step(draw.between(8000, 16_000)), draw.step(3000), draw.step(10)),
        { does: "pause", afterMs, forGood: true },
        { does: "resume", afterMs: afterMs + draw.between(1000, 9000), deployment: "keep" },
      ),
    ],
    disturbed: true,
  };
}

/** Paused while its turn waits for a step, under a message that was given back before (R18). It has its head from its client. */
const pausedUnderAnOldMessage = (draw: Draw): Workload => ({
  roots: draw.many(2, 4, (index) => ({
    ...at(draw.between(0, 100), draw.plain(draw.step(draw.between(2000, 8000))), {
      ...{ does: "pause", afterMs: draw.between(1500, 8000), forGood: true },
    }),
    idempotencyKey: `directed${index}`,
  })),
  disturbed: true,
});

/** It ends while another one parks behind it, and its own late requests come after its end (R23). */
function parkedAsItEnds(draw: Draw): Workload {
  const endMs = draw.between(200, 800);
  return {
    roots: [
      at(0, draw.on(draw.step(5), sleep(endMs))),
      ...draw.many(1, 2, () => at(endMs + draw.between(-150, 50), draw.on(draw.step(1)))),
    ],
    disturbed: false,
  };
}

/** A note lets it go on while the message that it was suspended under is there still (R19). */
function suspendedAndWoken(draw: Draw): Workload {
  const body = (): Instruction[] => [
    draw.step(draw.between(0, 10)),
    draw.awakeable(draw.between(0, 60)),
    draw.step(draw.between(0, 300)),
    draw.step(5),
  ];
  const one = (): Program => (draw.prng.chance(0.5) ? draw.on(...body()) : draw.plain(...body()));
  return { roots: draw.many(1, 3, () => at(draw.between(0, 200), one())), disturbed: false };
}

/** Services that call services, whose callers care for them (R28). */
function calledInMemory(draw: Draw): Workload {
  const short = (): Instruction => draw.step(draw.between(0, 20));
  const bodies: readonly (() => Instruction[])[] = [
    () => [short(), short()],
    () => [short(), draw.awakeable(draw.between(0, 2000)), short()],
    () => [draw.step(draw.between(300, 3000)), short()],
    () => [{ do: "call", program: draw.plain(short(), short()) }, short()],
  ];
  const called = (): Instruction => ({
    do: "call",
    program: draw.plain(...draw.prng.pick(bodies)()),
  });
  const one = (): Root => ({ ...at(draw.between(0, 100), draw.plain(called(), short())), door: true });
  return { roots: draw.many(1, 3, one), disturbed: false };
}

/** Calls that run where they are accepted, some of them asked for more than once (R25, R27). */
function atDoors(draw: Draw): Workload {
  const short = (): Instruction => draw.step(draw.between(0, 20));
  const bodies: readonly (() => Instruction[])[] = [
    () => [short(), short()],
    () => [short(), sleep(draw.between(1, 3000)), short()],
    () => [draw.awakeable(draw.between(0, 2000)), short()],
    () => [draw.step(draw.between(800, 45_000)), short()],
    () => [
      { do: "call", program: draw.plain(short()) },
      { do: "send", program: draw.plain(short()) },
    ],
    () => [],
  ];
  const one = (): Root => {
    const root: Root = { ...at(draw.between(0, 100), draw.plain(...draw.prng.pick(bodies)())), door: true };
    const isNamed = draw.prng.chance(0.5);
    return isNamed
      ? { ...root, idempotencyKey: `named-${root.program.pid}`, times: draw.prng.int(1, 3) }
      : root;
  };
  return { roots: draw.many(1, 4, one), disturbed: false };
}

/** Turns that came by the queue and run long (R26): of services, and of a key that others want. */
function letGo(draw: Draw): Workload {
  const short = (): Instruction => draw.step(draw.between(0, 20));
  const long = (): Instruction =>
    draw.step(draw.prng.chance(0.2) ? draw.between(30_000, 100_000) : draw.between(900, 5000));
  const bodies: readonly (() => Instruction[])[] = [
    () => [long(), short()],
    () => [set("a"), long(), get("a"), set("b")],
    () => [long(), sleep(draw.between(600, 3000)), short()],
    () => [draw.awakeable(draw.between(0, 2000)), long(), short()],
    () => [short(), draw.awakeable(draw.between(800, 4000)), long(), draw.awakeable(draw.between(0, 6000))],
    () => [{ do: "call", program: draw.plain(long()) }, { do: "send", program: draw.on(long()) }, short()],
  ];
  const one = (): Program => {
    const body = draw.prng.pick(bodies)();
    return draw.prng.chance(0.5) || body.some((part) => part.do === "set")
      ? draw.on(...body)
      : draw.plain(...body);
  };
  return { roots: draw.many(1, 4, () => at(draw.between(0, 1500), one())), disturbed: false, letsGo: true };
}

const HISTORIES = {
  "at doors": atDoors,
  "called in memory": calledInMemory,
  "let go": letGo,
  "early notes": earlyNotes,
  "slow signals": slowSignals,
  "cancelled as it rests": cancelledAsItRests,
  "called and cancelled": calledAndCancelled,
  "woken before its outputs": wokenBeforeItsOutputs,
  "promises in time": promisesInTime,
  drained,
  "drained and ended": drainedAndEnded,
  "sleeping writers": sleepingWriters,
  "killed in turn": killedInTurn,
  "long inputs": longInputs,
  "killed at once": killedAtOnce,
  restarted,
  "restarted and parked": restartedAndParked,
  "lives of one id": lives,
  delayed,
  "restarted among signals": restartedAmongSignals,
  "purged and restarted": purgedAndRestarted,
  "purged and asked for again": purgedAndAskedForAgain,
  edited,
  "given up": givenUp,
  // What it sets is written under a timer's message, in its note lane.
  "given up alone": (draw) => givenUpEarly(draw, 1, sleep(50)),
  "given up in pairs": (draw) => givenUpEarly(draw, 2),
  "given up among others": givenUpAmongOthers,
  "long end": longEnd,
  "read beside writes": readBesideWrites,
  "given up unwritten": givenUpUnwritten,
  "paused and resumed": pausedAndResumed,
  "paused under a twin": pausedUnderATwin,
  "paused under an old message": pausedUnderAnOldMessage,
  "parked as it ends": parkedAsItEnds,
  "suspended and woken": suspendedAndWoken,
} as const satisfies Readonly<Record<string, (draw: Draw) => Workload>>;

export type DirectedName = keyof typeof HISTORIES;

export const directedWorkload = (name: DirectedName, prng: Prng): Workload => HISTORIES[name](new Draw(prng));

export const isDirected = (name: string): name is DirectedName => name in HISTORIES;
