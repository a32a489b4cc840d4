/** Which turn the running code belongs to, and whether it stands inside a step's action, where the context must not be
 * used. Promises that belong to no context (constants, a race of nothing) find their turn here. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { PromiseOwner } from "./promise-owner.ts";

export interface CurrentTurn {
  readonly owner: PromiseOwner;
  /** The step whose action is running. */
  readonly step?: string;
  /** The mapper of a promise that is running, by an object of its own. */
  readonly mapper?: object;
}

export const currentTurn = new AsyncLocalStorage<CurrentTurn>();
