/** What the message at hand may do with an invocation: by what its head says of the message that vouches for it (R2, R17). */
import { areOutputsDone } from "../../lib/store/last-outputs.ts";
import type { Note } from "../../lib/model/entry.ts";
import type { Head } from "../../lib/model/head.ts";
import { canGoOn, ON } from "../../lib/model/status-table.ts";
import { isSameLane, type whoVouches } from "../../lib/model/voucher.ts";
import type { Delivery } from "./delivery.ts";

/**
 * R17: a turn is begun by the message that vouches for the last one. Where nothing is named, an earlier version of the handler runs:
 * its turn is alive, unless the message at hand is in doubt, or acts for one that is gone. For whoever comes after that message in
 * its lane comes after its turn. Not where the input is still with the Start.
 */
export function mayActOn(
  head: Head,
  vouched: ReturnType<typeof whoVouches>,
  { isNote, inDoubt, voucher }: Delivery,
): boolean {
  if (vouched !== "unknown") return vouched === "this";
  if (head.status !== "running") return true;
  return isNote ? inDoubt && head.input !== undefined : inDoubt || voucher.of !== undefined;
}

/** What its last append has caused may not have been done (R2). `beside`: its turn may be at it, and nothing has failed. */
export function missingOutputs(head: Head, carried: readonly Note[], delivery: Delivery) {
  const { inDoubt, voucher } = delivery;
  if (inDoubt || voucher.of !== undefined || ON.outputs[head.status] === "again") return "again";
  const goesOn = carried.length > 0 || (head.status === "suspended" && canGoOn(head));
  return goesOn && isOtherLanes(head, carried, delivery) && "beside";
}

/** It was suspended under a message of another lane, whose turn may still be doing its outputs. They are done before anything that
 * comes after them: before the state of the next writer, and before what is sent next (R5, R13). */
export function isOtherLanes(head: Head, carried: readonly Note[], { voucher }: Delivery): boolean {
  const isOther = head.leftBy !== undefined && !isSameLane(head.leftBy, voucher.name);
  const notes = [...head.notes, ...carried];
  return isOther && !areOutputsDone(head, notes);
}
