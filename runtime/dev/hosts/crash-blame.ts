/**
 * Which turns run alone because a host process crashed.
 *
 * A turn that was in a process that crashed runs alone next time. If it crashes alone, it is blamed, and its handler's
 * other turns run alone too for a minute. A turn that was in a crashing process {@link SHARED_CRASHES_MAX} times is blamed
 * even if others ran beside it.
 *
 * Job: remembers the crashes. Boundary: host-pool.ts asks where a turn runs; isolated-hosts.ts runs it alone.
 */
import type { FunctionError } from "../../../lib/errors.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { CRASHES_REMEMBERED_MAX, HANDLER_ALONE_MS, SHARED_CRASHES_MAX } from "../../../lib/limits/local.ts";

const BLAMED = Number.POSITIVE_INFINITY;

export class CrashBlame {
  readonly #now: () => number;
  /** By invocation: how many processes crashed while it and others ran in them; `BLAMED` if it was alone. */
  readonly #crashes = new Map<string, number>();
  /** By handler of a deployment: until when its turns run alone. */
  readonly #aloneUntilMs = new Map<string, number>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether the turn must run in a process of its own. */
  mustRunAlone(request: TurnRequest): boolean {
    if (this.#crashes.size === 0 && this.#aloneUntilMs.size === 0) return false;
    if (this.#crashes.has(request.id)) return true;
    const untilMs = this.#aloneUntilMs.get(handlerOf(request));
    if (untilMs === undefined) return false;
    if (untilMs > this.#now()) return true;
    this.#aloneUntilMs.delete(handlerOf(request));
    return false;
  }

  /** Whether a process crashed with the turn in it, and another turn may have been the cause. */
  isInDoubt(request: TurnRequest): boolean {
    return (this.#crashes.get(request.id) ?? BLAMED) < SHARED_CRASHES_MAX;
  }

  /** A process crashed with these turns in flight. */
  crashed(inFlight: readonly TurnRequest[], reason: FunctionError): void {
    // If a deployment cannot be loaded, no handler has run.
    if (reason.code === "init") return;
    const [first] = inFlight;
    if (first !== undefined && inFlight.length === 1) {
      this.#crashes.set(first.id, BLAMED);
      this.#aloneUntilMs.set(handlerOf(first), this.#now() + HANDLER_ALONE_MS);
    } else {
      for (const { id } of inFlight) this.#crashes.set(id, (this.#crashes.get(id) ?? 0) + 1);
    }
    forgetOldest(this.#crashes);
    forgetOldest(this.#aloneUntilMs);
  }

  /** A turn that ran alone has ended, and its process did not crash. */
  ended(request: TurnRequest, outcome: TurnOutcome): void {
    if (this.#crashes.size === 0) return;
    if (outcome.kind === "completed" || this.isInDoubt(request)) this.#crashes.delete(request.id);
  }
}

const handlerOf = ({ deployment, target }: TurnRequest): string =>
  `${deployment} ${target.service}/${target.handler}`;

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= CRASHES_REMEMBERED_MAX) return;
    map.delete(key);
  }
}
