/**
 * What is on the screen is asked for again and again: by one timer for the whole page, and by none while the page is hidden.
 *
 * A local server says when something has changed (`GET /changes`): then everything on the screen is asked for at once, and the
 * timer is slow. Without that (in AWS, or an older server) the timer is what notices: see pace.ts.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { takeHeard } from "./client.ts";
import { waitMs } from "./pace.ts";

/** How often without word from the server. Named for what is asked for. */
export const EVERY_MS = { screen: 1000, counts: 10_000 } as const;
/** Changes come in bursts. The first is followed at once, the others together. */
const BURST_MS = 250;

interface Watcher {
  readonly load: () => Promise<void>;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  dueMs: number;
  failures: number;
  /** Answers in a row that have brought nothing new. */
  same: number;
  /** Read units of the last answer. */
  units: number;
  busy: boolean;
  again: boolean;
}

const watchers = new Set<Watcher>();
/** How often everything was asked for: an answer to a question of an earlier round may be older than the change. */
let round = 0;
export const roundNow = (): number => round;
const listeners = new Set<() => void>();
let told = false;
/** Nobody here tells of changes. */
let silent = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let lastAnswerMs = 0;
let failing = false;

/** How the page stands to the server: for the mark in the corner. */
export interface Liveness {
  /** When the last answer came; 0: none yet. */
  readonly lastAnswerMs: number;
  readonly failing: boolean;
  readonly told: boolean;
}
export const liveness = (): Liveness => ({ lastAnswerMs, failing, told });
export function onLiveness(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
const tell = (): void => listeners.forEach((listener) => listener());

async function run(watcher: Watcher): Promise<void> {
  if (watcher.busy) {
    watcher.again = true;
    return;
  }
  watcher.busy = true;
  try {
    await watcher.load();
    const { units, isNew } = takeHeard(watcher.signal);
    watcher.units = units;
    watcher.same = isNew ? 0 : watcher.same + 1;
    watcher.failures = 0;
    [lastAnswerMs, failing] = [Date.now(), false];
  } catch {
    watcher.failures += 1;
    failing = true;
  }
  watcher.busy = false;
  const sharing = [...watchers].filter(({ units }) => units > 0).length;
  watcher.dueMs = Date.now() + waitMs({ ...watcher, told, silent, sharing });
  tell();
  if (watcher.again && watchers.has(watcher)) {
    watcher.again = false;
    watcher.dueMs = Date.now();
  }
  plan();
}

function plan(): void {
  clearTimeout(timer);
  if (document.hidden || watchers.size === 0) return;
  const next = Math.min(...[...watchers].filter(({ busy }) => !busy).map(({ dueMs }) => dueMs));
  if (next === Infinity) return;
  timer = setTimeout(runDue, Math.max(0, next - Date.now()));
}

function runDue(): void {
  for (const watcher of watchers) if (!watcher.busy && watcher.dueMs <= Date.now()) void run(watcher);
}

/** Something may have changed: everything on the screen is asked for now. After an action of the user's, for instance. */
export function refresh(): void {
  round++;
  for (const watcher of watchers) {
    watcher.same = 0;
    if (watcher.busy) watcher.again = true;
    else watcher.dueMs = Date.now();
  }
  plan();
}

let burst: ReturnType<typeof setTimeout> | undefined;
let burstAgain = false;
function changed(): void {
  if (burst !== undefined) {
    burstAgain = true;
    return;
  }
  refresh();
  burst = setTimeout(() => {
    burst = undefined;
    if (burstAgain) changed();
    burstAgain = false;
  }, BURST_MS);
}

let source: EventSource | undefined;
/** Listens to the server's word of changes, if it has any. */
export function startLive(): void {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return stopListening();
    listen();
    refresh();
  });
  listen();
}
function listen(): void {
  if (source !== undefined || document.hidden) return;
  source = new EventSource("/changes");
  source.addEventListener("change", changed);
  source.addEventListener("open", () => {
    [told, silent] = [true, false];
    tell();
    // What has changed since the answers that are there, and before it listened, nobody tells.
    refresh();
  });
  source.addEventListener("error", () => {
    told = false;
    tell();
    // The browser tries again by itself, unless the answer was no stream: then there is none here.
    if (source?.readyState === EventSource.CLOSED) {
      source = undefined;
      silent = true;
      return;
    }
    refresh();
  });
}
function stopListening(): void {
  source?.close();
  source = undefined;
  told = false;
  clearTimeout(timer);
}

export interface Loaded<T> {
  /** `undefined`: not there yet, or the first try has failed. What was loaded stays while later tries fail. */
  readonly data: T | undefined;
  /** Of the last try. */
  readonly error: unknown;
  /** When `data` was loaded, in ms. */
  readonly atMs: number;
  readonly reload: () => void;
}

/**
 * What `load` answers, asked for again while it is on the screen. `key` names all that it depends on: with another key the
 * old data is forgotten. A `load` that rejects is tried again, and the error is there to be shown.
 */
export function useLive<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs: number = EVERY_MS.screen,
): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; atMs: number }>({
    key,
    atMs: 0,
  });
  // It is a new function at each call: `key` says whether it asks for something else.
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const gone = new AbortController();
    const watcher: Watcher = {
      everyMs,
      signal: gone.signal,
      ...{ dueMs: 0, failures: 0, same: 0, units: 0, busy: false, again: false },
      load: async () => {
        try {
          const data = await latest.current(gone.signal);
          if (!gone.signal.aborted) setState({ key, data, atMs: Date.now() });
        } catch (error) {
          if (!gone.signal.aborted)
            setState((old) => (old.key === key ? { ...old, error } : { key, error, atMs: 0 }));
          throw error;
        }
      },
    };
    watchers.add(watcher);
    void run(watcher);
    return () => {
      watchers.delete(watcher);
      gone.abort();
    };
  }, [key, everyMs]);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    atMs: state.atMs,
    reload: refresh,
  };
}
