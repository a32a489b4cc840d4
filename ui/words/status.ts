/** The words, shapes and colours of an invocation's status: the vocabulary of the whole page. */
import type { IconName } from "../parts/icon-paths.ts";

/** As `GET /invocations` names them. */
export type Status =
  | "scheduled"
  | "pending"
  | "ready"
  | "running"
  | "suspended"
  | "backing-off"
  | "paused"
  | "completed";

export type Look =
  | "scheduled"
  | "pending"
  | "ready"
  | "running"
  | "suspended"
  | "retrying"
  | "paused"
  | Ended;
export type Ended = "ok" | "failed" | "cancelled";

export interface StatusLook {
  readonly look: Look;
  readonly icon: IconName;
  readonly word: string;
}

const OPEN: Readonly<Record<Exclude<Status, "completed">, StatusLook>> = {
  scheduled: { look: "scheduled", icon: "clock", word: "Scheduled" },
  pending: { look: "pending", icon: "queue", word: "Waiting for key" },
  ready: { look: "ready", icon: "ring", word: "Ready" },
  running: { look: "running", icon: "run", word: "Running" },
  suspended: { look: "suspended", icon: "moon", word: "Suspended" },
  "backing-off": { look: "retrying", icon: "retry", word: "Retrying" },
  paused: { look: "paused", icon: "pause", word: "Paused" },
};
const ENDED: Readonly<Record<Ended, StatusLook>> = {
  ok: { look: "ok", icon: "check", word: "Succeeded" },
  failed: { look: "failed", icon: "cross", word: "Failed" },
  cancelled: { look: "cancelled", icon: "slash", word: "Cancelled" },
};

/** The code of what was cancelled or killed. Handlers of the user's end with it, too: then it is a failure like others. */
const CANCELLED = 409;
const CANCELLED_MESSAGE = /^(?:cancelled|killed)$/iu;

export interface EndedIn {
  readonly code: number;
  readonly message: string;
}

/** `failure`: of what has ended in one. */
export function lookOf(status: Status, failure?: EndedIn): StatusLook {
  if (status !== "completed") return OPEN[status];
  if (failure === undefined) return ENDED.ok;
  const { code, message } = failure;
  if (code === CANCELLED && CANCELLED_MESSAGE.test(message.trim())) return ENDED.cancelled;
  return { ...ENDED.failed, word: `Failed ${code}` };
}
