/**
 * The tables and queues that hold a runtime's data. A function's version keeps the variables that it was published with, and an
 * invocation stays on its version. So a turn's request says where the data is now (docs/decisions/0026-resources-ride-with-turns.md).
 *
 * It does so by a short name, which is made from the long ones. A version whose variables name other resources asks for them.
 */
import { digest } from "../hash.ts";

export interface Resources {
  readonly journalTable: string;
  readonly stateTable: string;
  readonly registryTable: string;
  readonly mailboxUrl: string;
  /** Absent: the handlers' stack does not know it, and gives them no access to it. */
  readonly delayQueueUrl?: string;
}

const ID_BYTES = 6;
const DELAY_ID_BYTES = 3;

/** A short name for all of them. */
export function resourcesId(resources: Resources): string {
  const { journalTable, stateTable, registryTable, mailboxUrl, delayQueueUrl } = resources;
  const id = textOf(ID_BYTES, journalTable, stateTable, registryTable, mailboxUrl);
  return delayQueueUrl === undefined ? id : `${id}.${textOf(DELAY_ID_BYTES, delayQueueUrl)}`;
}

const textOf = (bytes: number, ...names: readonly string[]): string =>
  Buffer.from(digest(bytes, "resources", ...names)).toString("base64url");

/** Whether `id` names these. What has no access to the delay queue need not know which one it is. */
export const areNamedBy = (id: string, resources: Resources): boolean =>
  resources.delayQueueUrl === undefined
    ? id.split(".")[0] === resourcesId(resources)
    : id === resourcesId(resources);
