/** What the powers of a development server stand on. */
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { JumpingClock } from "../../../lib/jumping-clock.ts";
import type { ItemStore, Registry } from "../../../lib/ports.ts";
import type { LocalTimers } from "../../local/timers.ts";
import type { HostPool } from "../hosts/host-pool.ts";
import type { HttpHosts } from "../hosts/http-hosts.ts";
import type { InvocationEvents } from "../events.ts";
import type { LocalMailbox } from "../../local/mailbox.ts";
import type { Armed } from "./armed.ts";
import type { LastMessages } from "./last-messages.ts";
import type { PowerKind, PowerLog } from "./power-log.ts";

export interface PowerPorts {
  readonly items: ItemStore;
  readonly registry: Pick<Registry, "deployment" | "service">;
  readonly clock: JumpingClock;
  readonly mailbox: Pick<LocalMailbox, "redeliver">;
  readonly events: Pick<InvocationEvents, "listen">;
  readonly timers: Pick<LocalTimers, "dueBy">;
  /** The clock of all of the server is ahead of the real one by so much. */
  readonly jump: (aheadMs: number) => Promise<void>;
  /** The code of a deployment of this server's; `undefined`: it has none. */
  readonly bundleOf: (deployment: string) => Promise<Uint8Array | undefined>;
  /** There is news for pages. */
  readonly changed: () => void;
  readonly pool: Pick<HostPool, "processOf" | "arm">;
  readonly httpHosts: Pick<HttpHosts, "runs" | "arm">;
}

/** One use of a power. */
export interface PowerExchange {
  readonly ports: PowerPorts;
  readonly armed: Armed;
  readonly log: PowerLog;
  readonly lastMessages: LastMessages;
}

/** What has happened, and what has not. */
export interface PowerAnswer {
  /** `false`: it will happen later, or nothing was to be done. */
  readonly done: boolean;
  /** For people. */
  readonly message: string;
  readonly [field: string]: unknown;
}

/** It goes into the log, for the timeline. */
export function noted(
  { ports, log }: PowerExchange,
  kind: PowerKind,
  id: InvocationId,
  answer: PowerAnswer,
): PowerAnswer {
  log.add({ atMs: ports.clock.now(), kind, id, message: answer.message });
  return answer;
}
