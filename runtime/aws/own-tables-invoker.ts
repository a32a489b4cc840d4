/**
 * Runs turns on the tables and queues of this runtime, and believes no outcome that its own tables do not show
 * (docs/decisions/0026-resources-ride-with-turns.md).
 *
 * The request has a short name of the tables and queues. A version whose variables name other ones answers that, and has not run: it is
 * asked again, with all the names. This process remembers which versions must be told.
 *
 * A function of an earlier version ignores the name, and does not say where it has run: on the tables that its variables name. Those
 * may be others, since the variables of a version never change. Then only the head in this runtime's own table can tell. It is read
 * strongly, once for each such turn. What has run elsewhere counts as a death that pauses the invocation: the next attempt would run
 * elsewhere, too.
 *
 * Crash points: nothing is written here. Whoever handles the message again asks again.
 */
import { FunctionError } from "../../lib/errors.ts";
import { type HeadFields, isStub, parseFields } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import type { Attributes } from "../../lib/model/item.ts";
import type { Reached } from "../../lib/model/manifest.ts";
import { type Resources, resourcesId } from "../../lib/model/resources.ts";
import type { Clock, Invoker, ItemStore } from "../../lib/ports.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";

export interface OwnTables {
  readonly items: Pick<ItemStore, "get">;
  readonly clock: Pick<Clock, "now">;
  readonly resources: Resources;
}

export class OwnTablesInvoker implements Invoker {
  readonly #invoker: Invoker;
  readonly #own: OwnTables;
  readonly #id: string;
  /** Addresses of versions whose variables name other resources. */
  readonly #toldAtLength = new Set<string>();

  constructor(invoker: Invoker, own: OwnTables) {
    this.#invoker = invoker;
    this.#own = own;
    this.#id = resourcesId(own.resources);
  }

  async invoke(deployment: Reached, request: TurnRequest, letGo?: AbortSignal): Promise<TurnOutcome> {
    const { resourcesId: where, ...outcome } = await this.#ask(deployment, request, letGo);
    if (where === this.#id) return outcome;
    if (where === undefined && (await this.#shows(request, outcome))) return outcome;
    throw new FunctionError(
      "elsewhere",
      `the turn has run on other tables: what it has done is not in ${this.#own.resources.journalTable}, which is this ` +
        "runtime's. Its deployment is older than the move of the data. Resume the invocation on the newest deployment, or kill it",
    );
  }

  async #ask(deployment: Reached, request: TurnRequest, letGo?: AbortSignal): Promise<TurnOutcome> {
    const { clock, resources } = this.#own;
    const { address } = deployment;
    const asked = { ...request, resourcesId: this.#id };
    const sinceMs = clock.now();
    if (!this.#toldAtLength.has(address)) {
      const answer = await this.#invoker.invoke(deployment, asked, letGo);
      const { kind, resourcesId: where = this.#id } = answer;
      if (kind !== "lost" || where === this.#id) return answer;
      this.#toldAtLength.add(address);
    }
    // The first answer may have taken a cold start.
    const remainingMs = request.remainingMs - (clock.now() - sinceMs);
    return await this.#invoker.invoke(deployment, { ...asked, resources, remainingMs }, letGo);
  }

  async #shows(request: TurnRequest, outcome: TurnOutcome): Promise<boolean> {
    // Nothing was done, and why says nothing of where.
    if (outcome.kind === "lost" && !outcome.left && !OTHER_HEAD.test(outcome.reason)) return true;
    const item = await this.#own.items.get(headKey(request.id));
    return canHaveLeft(request, outcome, fieldsIn(item));
  }
}

/** Why a turn is lost if the head of its journal is not as the request has it. */
const OTHER_HEAD = /^the head is |^the invocation's head is gone$/;

const fieldsIn = (item: Attributes | undefined): HeadFields | undefined =>
  item && !isStub(item) ? parseFields(item) : undefined;

/** Whether the turn can have left the head as it is `now`. */
function canHaveLeft(request: TurnRequest, outcome: TurnOutcome, now: HeadFields | undefined): boolean {
  const before = fieldsIn(request.head);
  // It was here, and has ended and been purged since.
  if (before && !now) return true;
  if (outcome.kind === "completed") return now?.status === "completed";
  const isMarked = hasNewMark(before, now, request);
  // It has named its guard, by an append.
  if (outcome.kind === "suspended" || outcome.left) return isMarked;
  if (outcome.kind === "lost") return isMarked || now?.modifiedAtMs !== before?.modifiedAtMs;
  return outcome.length <= (now?.length ?? 0);
}

/** A turn that has appended has set a mark (R18), and so has what let the invocation rest or go on since. The dispatcher sets one, too,
 * if it makes the head of a turn that runs: it is in the request. */
const hasNewMark = (
  before: HeadFields | undefined,
  now: HeadFields | undefined,
  { presence }: TurnRequest,
): boolean => now !== undefined && now.writer !== before?.writer && now.writer !== presence;
