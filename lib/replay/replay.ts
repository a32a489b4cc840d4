/**
 * Asks code whether it does what journals have recorded (D1), without effects: before it is deployed, or in a test.
 *
 * Each journal is replayed by a rehearsal (rehearsal.ts): a turn that ends before it writes, sends, calls or starts a
 * step. Of an invocation that has completed, the same holds, up to its result.
 *
 * What a replay does not tell: whether what comes after the recorded part is right, and what state the code would find, since state is not
 * in a journal. What the handler has read of it is, but for what it read in its last turn (R4). So of an invocation that has completed nobody
 * can tell what rests on that.
 */
import { type Head } from "../model/head.ts";
import { withoutEnd } from "../store/head/rehearsed.ts";
import type { InvocationId } from "../model/ids.ts";
import type { Attributes } from "../model/item.ts";
import type { ServiceManifest } from "../model/manifest.ts";
import { headOf, type RecordedJournal } from "../model/recorded-journal.ts";
import { shownId } from "../model/shown-id.ts";
import { ADVICE } from "../turn/mismatch.ts";
import type { Rehearsal, TurnRequest } from "../protocol.ts";
import { rehearsedTurn } from "./rehearsed-turn.ts";
import { targetText } from "../model/target-text.ts";

export interface Replayed {
  readonly id: string;
  /** `Order/o-1/place` */
  readonly target: string;
  /** The deployment that it runs on, or has run on last. Absent: it has not begun. */
  readonly deployment?: string;
  readonly status: Head["status"];
  /** Entries of its journal. */
  readonly entries: number;
  /** The code does what is recorded. */
  readonly fits: boolean;
  /** Why it does not: both operations, and where. */
  readonly reason?: string;
  /** Nobody can tell whether it fits: it could not be replayed, and `reason` says why. */
  readonly isUnsure?: true;
}

/** Runs turns of the code as rehearsals. */
export type Rehearse = (requests: readonly TurnRequest[]) => Promise<readonly Rehearsal[]>;

/** In the order of the journals. `services`: what the code serves. Throws `TypeError` for a journal that cannot be read. */
export async function replayAll(
  journals: readonly RecordedJournal[],
  services: readonly ServiceManifest[],
  rehearse: Rehearse,
): Promise<readonly Replayed[]> {
  const read = journals.map((journal) => ({ id: journal.id, ...headOf(journal) }));
  const requests = read.map((each) => requestOf(each, services));
  const rehearsals = (await rehearse(requests.filter((request) => "kind" in request))).values();
  return read.map((each, at) => {
    const request = requests[at];
    const told = request && "kind" in request ? rehearsals.next().value : request;
    return replayed(each, told ?? unsure("the code has not said whether it fits"));
  });
}

/** What to do about a mismatch of an invocation that fails by it. */
export function withoutAdvice(reason: string): string {
  const at = reason.indexOf(ADVICE);
  return at < 0 ? reason : reason.slice(0, at).trimEnd();
}

const refused = (reason: string): Rehearsal => ({ fits: false, reason });
const unsure = (reason: string): Rehearsal => ({ fits: false, reason, isUnsure: true });

/** A journal whose head was read. */
interface Read {
  readonly id: InvocationId;
  readonly head: Head;
  /** The head as it is stored. */
  readonly item: Attributes;
}

/** Or why no turn of it can be run. */
function requestOf({ id, head, item }: Read, services: readonly ServiceManifest[]): TurnRequest | Rehearsal {
  const { target, input, deployment = "" } = head;
  // Without it the code would do something else. What ends in one turn does not keep a long one.
  if (input === undefined) return unsure("its input was not kept, so nobody can tell");
  const service = services.find(({ name }) => name === target.service);
  if (!service) return refused(`the code does not serve ${target.service}`);
  const handler = service.handlers.find(({ name }) => name === target.handler);
  if (!handler) return refused(`the code has no handler ${target.service}/${target.handler}`);
  return rehearsedTurn({ id, head, item: withoutEnd(item), handlerKind: handler.kind, deployment });
}

const READS_LOST = "its last turn read state or a promise, and what it read was not kept, so nobody can tell";

function verdictOn({ status }: Head, told: Rehearsal): Rehearsal {
  if (told.fits) return told.asFarAs === undefined ? told : unsure(told.asFarAs);
  // What is under way has recorded each of its reads.
  return told.missesRead && status === "completed" ? unsure(READS_LOST) : told;
}

function replayed({ id, head }: Read, told: Rehearsal): Replayed {
  const rehearsal = verdictOn(head, told);
  return {
    id: shownId(id),
    target: targetText(head.target),
    ...(head.deployment === undefined ? {} : { deployment: head.deployment }),
    ...{ status: head.status, entries: head.length },
    fits: rehearsal.fits,
    ...(rehearsal.fits ? {} : { reason: withoutAdvice(rehearsal.reason) }),
    ...(!rehearsal.fits && rehearsal.isUnsure ? { isUnsure: true } : {}),
  };
}
