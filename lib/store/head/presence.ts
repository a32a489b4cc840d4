/** The writes of a turn that runs long (R26): see runtime/dispatcher/presence.ts. They leave the mark as it is, since the turn goes on. */
import { missingInput } from "./transitions.ts";
import { notListed } from "./rest.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../../limits.ts";
import { type Note } from "../../model/entry.ts";
import { type Head, headAttributes, inputAttributes } from "../../model/head.ts";
import type { Incarnation, InvocationId } from "../../model/ids.ts";
import { all } from "../../model/item.ts";
import type { Start } from "../../model/message.ts";
import { type Voucher, whoVouches } from "../../model/voucher.ts";
import { readHeadOrStub, storeInput } from "../head-store.ts";
import { type ValuePorts } from "../value-store.ts";
import { createHead } from "./births.ts";
import { hasGuard, hasMark, hasStatus, whileAt, whileOpen, whileToken } from "./clauses.ts";
import { appends, sets, updateHead } from "./write.ts";

/** A turn that runs, as it is made known. */
export interface Appearance {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly start: Start | undefined;
  readonly token: string | undefined;
  readonly deployment: string;
  /** The message under which it runs. */
  readonly voucher: string;
  readonly guard: string;
  /** Of the head, if this makes it. */
  readonly mark: string;
  /** The head that the turn began with. */
  readonly from: Head | undefined;
  /** Notes that rode in the message. */
  readonly carried: readonly Note[];
  /** This turn and those before it, for people. */
  readonly turns?: Uint8Array | undefined;
}

/**
 * appear: a turn that runs long gets a guard, and a head if it has none (R26). The mark stays, since the turn goes on. `false`: it
 * has ended, or another one runs.
 * Bound: CONFLICT_ATTEMPTS_MAX tries against the turn's own appends.
 */
export async function appear(ports: ValuePorts, appearance: Appearance, mine: Voucher): Promise<boolean> {
  const { items } = ports;
  const { id, from, start } = appearance;
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const { stored, stub } = await readHeadOrStub(items, id);
    if (!stored) {
      if (from || !start || stub?.killed) return false;
      if (await appearFirst(ports, appearance, start)) return true;
    } else {
      if (!isOfTurn(stored.head, appearance, mine)) return false;
      if (await appearAgain(ports, appearance, stored.head)) return true;
    }
  }
  return false;
}

/** The head is as the turn began with it, or the turn has appended since. */
function isOfTurn(head: Head, { incarnation, from }: Appearance, mine: Voucher): boolean {
  const isAsBegun = from !== undefined && head.writer === from.writer && head.status === from.status;
  const isItsOwn = head.status === "running" && whoVouches(head, mine) === "this";
  return head.incarnation === incarnation && (isAsBegun || isItsOwn);
}

async function appearFirst(ports: ValuePorts, appearance: Appearance, start: Start): Promise<boolean> {
  const { token, deployment, voucher, guard, mark: writer, turns } = appearance;
  const fields = headAttributes({
    ...{ status: "running", deployment, voucher, guard, writer, turns },
    modifiedAtMs: ports.clock.now(),
  });
  const attributes = { ...inputAttributes(await storeInput(ports, start)), ...fields };
  return (await createHead(ports.items, start, token, attributes)) !== undefined;
}

async function appearAgain(ports: ValuePorts, appearance: Appearance, head: Head): Promise<boolean> {
  const { id, start, token, voucher, guard, carried, turns } = appearance;
  const fields = headAttributes({
    ...{ status: "running", guard, modifiedAtMs: ports.clock.now(), turns },
    ...(head.writer === undefined ? {} : { voucher, writer: head.writer }),
    ...(head.token === undefined ? { token } : {}),
  });
  const input = await missingInput(ports, { id, start, head, length: head.length });
  const changes = [
    ...sets({ ...fields, ...input }),
    ...appends("notes", await notListed(ports, id, head, carried)),
  ];
  const when = all(
    whileAt(head.incarnation, head.length),
    hasMark(head),
    hasStatus(head.status),
    whileToken(token),
  );
  return (await updateHead(ports.items, id, changes, when)) !== undefined;
}

/** renewGuard: a later guard takes the place of one. `false`: that one does not vouch for it any more. */
export async function renewGuard(
  { items, clock }: ValuePorts,
  { id, incarnation }: { readonly id: InvocationId; readonly incarnation: Incarnation },
  before: string,
  guard: string,
): Promise<boolean> {
  const fields = headAttributes({ guard, modifiedAtMs: clock.now() });
  const when = all(whileOpen(incarnation), hasGuard(before));
  return (await updateHead(items, id, sets(fields), when)) !== undefined;
}
