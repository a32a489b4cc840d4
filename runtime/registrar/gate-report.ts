/** What the gate has found (gate.ts), and how it is said: which open invocations the new code does not fit, at which operation, and what to do. */
import { GATE_REASONS_MAX, GATE_SHOWN_MAX } from "../../lib/limits/replay.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Target } from "../../lib/model/message.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import type { Movable } from "../../lib/store/head/rest.ts";

/** An open invocation that is on another version. */
export interface OpenElsewhere {
  readonly id: InvocationId;
  readonly target: Target;
  /** What it is on. */
  readonly deployment: string;
  readonly head: Movable;
}

/** One that does not go on with the new code, and why. */
export interface Remaining extends Pick<OpenElsewhere, "id"> {
  /** Absent: its head was not read, or could not be. */
  readonly target?: Target;
  readonly deployment?: string;
  readonly reason: string;
}

export interface GateReport {
  /** Their journals fit. */
  readonly fitting: readonly OpenElsewhere[];
  /** Their journals do not. */
  readonly diverging: readonly Remaining[];
  /** Nobody knows. */
  readonly untried: readonly Remaining[];
  /** There are more open invocations than were asked about. */
  readonly isMore: boolean;
  /** The function was asked, and has answered for none. */
  readonly isUnanswered: boolean;
  /** Why nothing, or nothing more, could be asked. */
  readonly failure?: string;
}

/** One line. `moved`: if they were to be moved, how many. */
export function summaryOf(report: GateReport, moved?: number): string {
  const { fitting, diverging, untried, isMore, failure } = report;
  const asked = fitting.length + diverging.length + untried.length;
  const counts = [
    `${fitting.length} fit`,
    ...(moved === undefined ? [] : [`${moved} moved`]),
    `${diverging.length} differ`,
    `${untried.length} not tried`,
  ];
  const more = isMore ? " (there are more)" : "";
  return `open on other versions: ${asked}${more}; ${counts.join(", ")}${failure === undefined ? "" : `; ended early: ${failure}`}`;
}

/** Why new code was refused. Its first lines are what a reader of the stack's events sees. */
export function gateRefusal(report: GateReport): string {
  const { fitting, diverging, untried, failure } = report;
  if (diverging.length === 0) return unaskedText(failure ?? untried[0]?.reason ?? "");
  const tried = fitting.length + diverging.length;
  const groups = [...Map.groupBy(diverging, groupOf)];
  const shown = groups.slice(0, GATE_REASONS_MAX).map(([what, rows]) => `- ${what}\n  ${idsIn(rows)}`);
  const left = groups.length - shown.length;
  return [
    `${diverging.length} of ${tried} open invocations would diverge on the new code (inFlight: "block").`,
    adviceFor(diverging),
    ...shown,
    ...(left > 0 ? [`and ${left} more ways to differ`] : []),
  ].join("\n");
}

const unaskedText = (why: string): string =>
  `the new code could not be asked about any open invocation, and inFlight is "block": ${why}`;

const groupOf = ({ target, reason }: Remaining): string =>
  `${target ? `${target.service}/${target.handler}: ` : ""}${reason}`;

function idsIn(rows: readonly Remaining[]): string {
  const ids = rows.slice(0, GATE_SHOWN_MAX).map(({ id }) => shownId(id));
  const left = rows.length - ids.length;
  return `${ids.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

const isOfHandler = ({ reason }: Remaining): boolean => reason.startsWith("the code has no handler");

function adviceFor(diverging: readonly Remaining[]): string {
  const keep = diverging.some(isOfHandler) ? "Keep handlers until what is open of them has ended. " : "";
  const order = diverging.every(isOfHandler)
    ? ""
    : "Keep what is recorded in its order and add what is new behind it, or give the changed handler another name. ";
  return `${keep}${order}inFlight: "pin" lets these end on their version. The registrar's log has them all.`;
}
