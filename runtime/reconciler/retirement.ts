/**
 * Removes deployments that no service goes to and no invocation is pinned to, and the function versions behind them
 * (docs/decisions/0010-retiring-deployments.md). It learns what is pinned from the pass over all heads that is made
 * anyway, so it costs a read of the registry.
 *
 * 1. Nothing new is pinned to a deployment that nothing has gone to for `DEPLOYMENT_GRACE_MS`.
 * 2. An invocation that is pinned to it during the whole pass is seen by it.
 * 3. So one that was idle for long before the pass began, and was not seen in it, is pinned to by nothing.
 * 4. The retirement is begun by a write that a registration since then refuses, and refuses registrations from then on.
 *    Stopped after that, the next pass goes on with it.
 */
import { asError } from "../../lib/errors.ts";
import type { Head } from "../../lib/model/head.ts";
import { DEPLOYMENT_GRACE_MS } from "../../lib/limits.ts";
import type { Deployment } from "../../lib/model/manifest.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { Clock, Logger } from "../../lib/ports.ts";

interface Idle {
  readonly deployment: Deployment;
  readonly sinceMs: number;
}

export interface RetirementPorts {
  readonly registry: {
    idle(): Promise<readonly Idle[]>;
    beginRetirement(idle: Idle): Promise<boolean>;
    remove(id: string): Promise<boolean>;
  };
  /** What is behind an address. */
  readonly versions: { remove(address: string): Promise<void> };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For one pass. */
export class Retirement {
  readonly #ports: RetirementPorts;
  readonly #beganMs: number;
  readonly #pinned: Set<string>;

  /** `begun`: what earlier runs of the same pass have seen. */
  constructor(
    ports: RetirementPorts,
    begun: { readonly beganMs: number; readonly pinned: ReadonlySet<string> } = {
      beganMs: ports.clock.now(),
      pinned: new Set(),
    },
  ) {
    this.#ports = ports;
    this.#beganMs = begun.beganMs;
    this.#pinned = new Set(begun.pinned);
  }

  /** The deployments that the heads so far are pinned to. */
  get pinned(): ReadonlySet<string> {
    return this.#pinned;
  }

  look({ status, deployment }: Pick<Head, "status" | "deployment">): void {
    if (ON.pinned[status] === "needed" && deployment !== undefined) this.#pinned.add(deployment);
  }

  /** After the last head of the pass, and only then. Returns how many were removed. */
  async finish(): Promise<number> {
    const { registry, logger } = this.#ports;
    let removed = 0;
    for (const idle of await registry.idle()) {
      const { deployment, sinceMs } = idle;
      if (sinceMs > this.#beganMs - DEPLOYMENT_GRACE_MS || this.#pinned.has(deployment.id)) continue;
      const { id, address } = deployment;
      try {
        if (!(await this.#remove(idle))) continue;
        removed++;
        logger.log("info", "a deployment was retired: nothing is pinned to it", { deployment: id, address });
      } catch (error) {
        logger.log("warn", "a deployment could not be retired", {
          deployment: id,
          reason: asError(error).message,
        });
      }
    }
    return removed;
  }

  async #remove(idle: Idle): Promise<boolean> {
    const { registry, versions } = this.#ports;
    if (!(await registry.beginRetirement(idle))) return false;
    await versions.remove(idle.deployment.address);
    return await registry.remove(idle.deployment.id);
  }
}
