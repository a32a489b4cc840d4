/** What callers and operators share: actors of their own, which try until they are answered. */
import type { Acceptance } from "../../lib/store/admission.ts";
import type { HandlerKind } from "../../lib/model/manifest.ts";
import type { Actor } from "./actor.ts";
import type { Ports } from "./side.ts";
import type { Callee } from "./program.ts";
import type { Root } from "./requests.ts";

export const KINDS: Record<Callee, HandlerKind> = {
  plain: "plain",
  exclusive: "exclusive",
  shared: "shared",
  workflow: "workflow",
  "workflow-shared": "shared",
  brief: "plain",
  "brief-run": "workflow",
  "brief-look": "shared",
};

export interface Accepted {
  readonly root: Root;
  /** Of the requests that were acknowledged. */
  readonly acceptances: Acceptance[];
  /** The client repeated a request of unknown fate under a new id. So the program may run more than once. */
  repeated: boolean;
}

export interface Outside {
  readonly accepted: readonly Accepted[];
  /** Runs `work` as an actor of its own. */
  as(kind: "client" | "operator" | "reconciler", work: (ports: Ports, actor: Actor) => Promise<void>): void;
  /** Until it is not an operational error. */
  insist<T>(attempt: (count: number) => Promise<T>): Promise<T>;
  pause(ms: number): Promise<void>;
  submit(root: Root): void;
  /** What operators do to what was accepted. */
  interfere(id: string, root: Root): void;
}
