/** Entries and notes, written briefly. */
import type {
  CallEntry,
  CancellationNote,
  CancelledEntry,
  ClearEntry,
  CompletionEntry,
  GetEntry,
  RunEntry,
  SetEntry,
  SignalEntry,
  SignalKey,
  SignalledEntry,
  SleepEntry,
} from "../../lib/model/entry.ts";
import type { Value } from "../../lib/model/value.ts";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export const run = (command: number, name: string, outcome: Value = null): RunEntry => ({
  ...{ kind: "run", command, name, outcome },
});
export const get = (command: number, name: string, value: Value = null): GetEntry => ({
  ...{ kind: "get", command, name, value },
});
export const set = (command: number, name: string, value: Value): SetEntry => ({
  ...{ kind: "set", command, name, value },
});
export const clear = (command: number, name: string): ClearEntry => ({ kind: "clear", command, name });
export const sleep = (command: number, dueAtMs: number, name = ""): SleepEntry => ({
  ...{ kind: "sleep", command, dueAtMs, name },
});
export const signal = (command: number, key: SignalKey): SignalEntry => ({
  ...{ kind: "signal", command, signal: key },
});
export const call = (command: number, callee = ""): CallEntry => ({
  ...{ kind: "call", command, callee },
  call: {
    ...{ service: "Service", handler: "handler", key: null, input: bytes("in"), headers: {} },
    ...{ idempotencyKey: null, dueAtMs: null, name: null, acceptedAtMs: 7, incarnation: 0 },
  },
});

export const completion = (command: number, outcome: Value = null): CompletionEntry => ({
  ...{ kind: "completion", command, outcome },
});
export const signalled = (key: SignalKey, delivery: string, outcome: Value = null): SignalledEntry => ({
  ...{ kind: "signalled", signal: key, delivery, outcome },
});
export const cancelled = (delivery: string, callees: readonly string[] = []): CancelledEntry => ({
  ...{ kind: "cancelled", delivery, callees },
});
export const cancellation = (delivery: string): CancellationNote => ({ kind: "cancellation", delivery });
