/**
 * Who may have ended a host process. All turns that were in flight in it are suspects, and run alone next time; one that
 * ended a process in which it was alone did it, and from then on its handler's turns run alone for a while. One that is
 * there every time counts as guilty too.
 */
import type { FunctionError } from "../../../lib/errors.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";

/** How long a handler that ended a process is kept apart. */
export const HANDLER_APART_MS = 60_000;
/** From this many deaths on, company is no excuse. */
const UNPROVEN_MAX = 3;
const GUILTY = Number.POSITIVE_INFINITY;
/** Remembered at most; beyond, the oldest are forgotten. */
const SUSPECTS_MAX = 10_000;

export class Suspicion {
  readonly #now: () => number;
  /** Invocations, with the number of processes that died with them, and others, in flight; `GUILTY` when alone. */
  readonly #invocations = new Map<string, number>();
  /** Handlers of a deployment, until when. */
  readonly #handlers = new Map<string, number>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether the turn has to run in a process of its own. */
  includes(request: TurnRequest): boolean {
    if (this.#invocations.size === 0 && this.#handlers.size === 0) return false;
    if (this.#invocations.has(request.id)) return true;
    const until = this.#handlers.get(handlerOf(request));
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#handlers.delete(handlerOf(request));
    return false;
  }

  /** Whether its process died, and it may well have been another turn's doing. */
  isUnproven(request: TurnRequest): boolean {
    return (this.#invocations.get(request.id) ?? GUILTY) < UNPROVEN_MAX;
  }

  /** A process died with these turns in flight. */
  died(inFlight: readonly TurnRequest[], reason: FunctionError): void {
    // A deployment that cannot be loaded is no handler's fault.
    if (reason.code === "init") return;
    const [first] = inFlight;
    if (first !== undefined && inFlight.length === 1) {
      this.#invocations.set(first.id, GUILTY);
      this.#handlers.set(handlerOf(first), this.#now() + HANDLER_APART_MS);
    } else {
      for (const { id } of inFlight) this.#invocations.set(id, (this.#invocations.get(id) ?? 0) + 1);
    }
    forgetOldest(this.#invocations);
    forgetOldest(this.#handlers);
  }

  /** A turn ended, and its process did not. */
  survived(request: TurnRequest, outcome: TurnOutcome): void {
    if (this.#invocations.size === 0) return;
    if (outcome.kind === "completed" || this.isUnproven(request)) this.#invocations.delete(request.id);
  }
}

const handlerOf = ({ deployment, target }: TurnRequest): string =>
  `${deployment} ${target.service}/${target.handler}`;

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= SUSPECTS_MAX) return;
    map.delete(key);
  }
}
