/**
 * Moves invocations that have failed to the code that was written to mend them. On a reload, and whenever one comes to rest on older
 * code afterwards: what backs off, or was paused by its failure, goes on at once with the code in service, if that does what is recorded.
 * What sleeps, waits or runs without failing stays on its code. So does what an operator has paused.
 *
 * How: a rehearsal (lib/replay/rehearsal.ts) tells whether the code fits. Then one conditional write on the head (`adopt`) names the new
 * deployment, and a message lets it go on. The argument is in docs/decisions/0048-the-fix-reaches-what-failed.md.
 *
 * Crash points
 * 1. Before the write: nothing has happened. The next start looks again.
 * 2. Between the write and the message: it backs off on the new code, and is overdue. The reconciler pokes it.
 */
import { asError } from "../../lib/errors.ts";
import { nonce } from "../../lib/entropy.ts";
import { NONCE_BYTES } from "../../lib/limits.ts";
import { ADOPTED_MAX, ADOPTION_SETTLE_MS, STAYING_REMEMBERED_MAX } from "../../lib/limits/local.ts";
import { REHEARSED_AT_ONCE } from "../../lib/limits/replay.ts";
import { type Head, parseFields } from "../../lib/model/head.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { statusIn, uncheckedIdIn } from "../../lib/model/listing.ts";
import type { HandlerKind } from "../../lib/model/manifest.ts";
import type { Target } from "../../lib/model/message.ts";
import { lastTurn, turnsIn } from "../../lib/model/turns.ts";
import type { Clock, Entropy, Logger, Mailbox, Registry } from "../../lib/ports.ts";
import type { Rehearsal } from "../../lib/protocol.ts";
import { adopt } from "../../lib/store/head/rest.ts";
import { readHead, type StoredHead } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import type { LocalItemStore } from "../local/item-store.ts";
import { rehearsedTurn } from "../../lib/replay/rehearsed-turn.ts";
import type { Deployed } from "./deployer.ts";
import type { HostPool } from "./hosts/host-pool.ts";

/** One that has gone on with the new code, or has stayed. */
export interface Adopted {
  readonly id: InvocationId;
  readonly target: Target;
}
export interface Staying extends Adopted {
  readonly deployment: string;
  /** Why its journal does not fit. */
  readonly reason: string;
}

export interface AdoptionEvent {
  readonly kind: "adopted";
  readonly moved: readonly Adopted[];
  readonly staying: readonly Staying[];
}

interface AdoptionPorts {
  readonly items: LocalItemStore;
  readonly mailbox: Mailbox;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly pool: Pick<HostPool, "rehearse">;
  readonly report: (event: AdoptionEvent) => void;
}

/** One that rests after a failure. */
interface Resting extends Adopted {
  readonly stored: StoredHead;
  readonly handlerKind: HandlerKind;
}

export class Adoption {
  readonly #ports: AdoptionPorts;
  /** What is in service. */
  #current: Pick<Deployed, "deployment"> | undefined;
  #isNew = false;
  readonly #waiting = new Set<InvocationId>();
  /** By invocation: the deployment and the length of the journal that did not fit together. */
  readonly #staying = new Map<InvocationId, string>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(ports: AdoptionPorts) {
    this.#ports = ports;
  }

  /** Other code is in service. All that rests is looked at. */
  deployed({ deployment, isNew }: Pick<Deployed, "deployment" | "isNew">): void {
    this.#current = { deployment };
    // What was tried with this code before, and has failed, waits as long as it says.
    this.#isNew = isNew;
    this.#work(async () => await this.#lookAtAll());
  }

  /** A head was written. */
  headWritten(partition: string, after: Attributes | undefined): void {
    if (!this.#current || this.#stopped || !after) return;
    const status = statusIn(after);
    if (status !== "backing-off" && status !== "paused") return;
    const { deployment } = parseFields(after);
    if (deployment === undefined || deployment === this.#current.deployment) return;
    this.#waiting.add(uncheckedIdIn(partition));
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const ids = [...this.#waiting];
      this.#waiting.clear();
      this.#work(async () => await this.#lookAt(ids));
    }, ADOPTION_SETTLE_MS);
    this.#timer.unref();
  }

  /** Nothing is written any more once it resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #work(task: () => Promise<void>): void {
    this.#working = this.#working.then(task).catch((error: unknown) => {
      if (!this.#stopped)
        this.#ports.logger.log("warn", "what has failed could not be moved to the new code", {
          error: asError(error),
        });
    });
  }

  async #lookAtAll(): Promise<void> {
    const heads = this.#ports.items.openHeads(REHEARSED_AT_ONCE);
    let looked = 0;
    for (let after: string | undefined; looked < ADOPTED_MAX && !this.#stopped;) {
      const { items, next } = await heads.page(after);
      looked += items.length;
      await this.#lookAt(items.map(({ pk }) => uncheckedIdIn(pk)));
      if (next === undefined) return;
      after = next;
    }
  }

  async #lookAt(ids: readonly InvocationId[]): Promise<void> {
    const current = this.#current;
    if (!current || this.#stopped) return;
    const found = await Promise.all(ids.map((id) => this.#resting(id)));
    const resting = found.filter((each) => each !== undefined);
    if (resting.length === 0) return;
    // Code that has recorded nothing fits every code.
    const [recorded, fresh] = [resting.filter(hasRecorded), resting.filter((each) => !hasRecorded(each))];
    const rehearsals = await this.#rehearse(current.deployment, recorded);
    // Newer code has come meanwhile: it looks at them again.
    if (this.#stopped || this.#current !== current) return;
    const fitting = [...fresh, ...recorded.filter((_, at) => rehearsals[at]?.fits === true)];
    const moved = await Promise.all(fitting.map(async (each) => ((await this.#move(each)) ? [each] : [])));
    const staying = recorded.flatMap((each, at) => this.#stays(each, rehearsals[at]));
    if (moved.flat().length === 0 && staying.length === 0) return;
    this.#ports.report({ kind: "adopted", moved: moved.flat(), staying });
  }

  /** `undefined`: it is not to be moved. */
  async #resting(id: InvocationId): Promise<Resting | undefined> {
    const current = this.#current;
    const stored = await readHead(this.#ports.items, id);
    if (!stored || !current || !restsAfterFailure(stored.head)) return undefined;
    const { head } = stored;
    const { target, deployment } = head;
    if ((deployment ?? current.deployment) === current.deployment && !this.#isNew) return undefined;
    if (this.#staying.get(id) === fitOf(current.deployment, head)) return undefined;
    const service = await this.#ports.registry.service(target.service);
    // Another process may serve it by now.
    if (service?.deployment !== current.deployment) return undefined;
    const handler = service.handlers.find(({ name }) => name === target.handler);
    return handler && { id, target, stored, handlerKind: handler.kind };
  }

  async #rehearse(deployment: string, resting: readonly Resting[]): Promise<readonly Rehearsal[]> {
    if (resting.length === 0) return [];
    const requests = resting.map(({ id, handlerKind, stored: { head, item } }) =>
      rehearsedTurn({ id, head, item, handlerKind, deployment }),
    );
    return await this.#ports.pool.rehearse(deployment, requests);
  }

  async #move({ id, stored: { head } }: Resting): Promise<boolean> {
    const { mailbox, entropy } = this.#ports;
    const deployment = head.deployment === undefined ? undefined : this.#current?.deployment;
    if (!(await adopt(this.#ports, id, head, deployment))) return false;
    const resume = { kind: "resume", id, incarnation: head.incarnation, byOperator: true } as const;
    await sendAll(mailbox, [outgoing(resume, nonce(entropy, NONCE_BYTES))]);
    return true;
  }

  #stays({ id, target, stored: { head } }: Resting, rehearsal: Rehearsal | undefined): readonly Staying[] {
    if (rehearsal?.fits !== false || this.#current === undefined) return [];
    this.#staying.delete(id);
    this.#staying.set(id, fitOf(this.#current.deployment, head));
    for (const oldest of this.#staying.keys()) {
      if (this.#staying.size <= STAYING_REMEMBERED_MAX) break;
      this.#staying.delete(oldest);
    }
    return [{ id, target, deployment: head.deployment ?? "", reason: rehearsal.reason }];
  }
}

const hasRecorded = ({ stored: { head } }: Resting): boolean => head.length > 0;
const fitOf = (deployment: string, { length }: Pick<Head, "length">): string => `${deployment} ${length}`;

/** An operator's pause has no failure of its own: it comes while a turn runs, or before the back-off is over. */
function restsAfterFailure({ status, failure, turns, acceptedAtMs, dueAtMs, modifiedAtMs }: Head): boolean {
  if (status === "backing-off") return true;
  if (status !== "paused" || !failure) return false;
  const last = lastTurn(turnsIn(turns, acceptedAtMs))?.end;
  return (last === "failed" || last === "died") && (dueAtMs ?? 0) <= modifiedAtMs;
}
