/**
 * Finding invocations. The seam for an index: whatever keeps one (by service, status, time) answers the same
 * questions. Until then every head is looked at, which is right for a small table and slow for a large one.
 */
import { type Head, HEAD, isExpired, parseHead } from "../../lib/head.ts";
import { type InvocationId, isInvocationId } from "../../lib/ids.ts";
import type { Clock, ItemStore, Logger } from "../../lib/ports.ts";
import { type StatusView, viewStatus } from "./invocation-view.ts";

export interface InvocationFilter {
  readonly service?: string;
  readonly handler?: string;
  readonly key?: string;
  /** Which it is pinned to. */
  readonly deployment?: string;
  /** Any of them; absent: all. */
  readonly statuses?: readonly StatusView[];
}

export interface FoundInvocation {
  readonly id: InvocationId;
  readonly head: Head;
}

export interface InvocationIndex {
  /** Invocations that match, in no promised order. `next`: pass it as `after` to go on; with it a page may hold fewer than
   * `limit`, or none, or up to twice as many. Not strongly consistent. */
  list(
    filter: InvocationFilter,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly found: readonly FoundInvocation[]; readonly next?: string }>;
}

/** Pages of the store that one request looks through. */
const SCANS_MAX = 20;
const PARTITION_INFIX = ".inv.";

export class ScanningIndex implements InvocationIndex {
  readonly #ports: { readonly items: ItemStore; readonly clock: Clock; readonly logger: Logger };

  constructor(ports: { readonly items: ItemStore; readonly clock: Clock; readonly logger: Logger }) {
    this.#ports = ports;
  }

  async list(
    filter: InvocationFilter,
    { limit, after }: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly found: readonly FoundInvocation[]; readonly next?: string }> {
    const { items, clock } = this.#ports;
    const found: FoundInvocation[] = [];
    let next = after;
    for (let scans = 0; scans < SCANS_MAX && found.length < limit; scans++) {
      const page = await items.scan("journal", HEAD, next === undefined ? { limit } : { limit, after: next });
      for (const item of page.items) {
        const head = this.#parse(item);
        if (head && !isExpired(head.head, clock.now()) && fits(head.head, filter)) found.push(head);
      }
      next = page.next;
      if (next === undefined) return { found };
    }
    return next === undefined ? { found } : { found, next };
  }

  /** One head that this version cannot read must not hide all others. */
  #parse({
    pk,
    attributes,
  }: Awaited<ReturnType<ItemStore["scan"]>>["items"][number]): FoundInvocation | undefined {
    const id = pk.slice(pk.indexOf(PARTITION_INFIX) + PARTITION_INFIX.length);
    try {
      if (!isInvocationId(id)) throw new TypeError(`not an invocation's partition: ${pk}`);
      return { id, head: parseHead(attributes) };
    } catch (error) {
      this.#ports.logger.log("warn", "admin: a head cannot be read", { pk, error });
      return undefined;
    }
  }
}

function fits(head: Head, { service, handler, key, deployment, statuses }: InvocationFilter): boolean {
  const { target, status } = head;
  return (
    (deployment === undefined || head.deployment === deployment) &&
    (service === undefined || target.service === service) &&
    (handler === undefined || target.handler === handler) &&
    (key === undefined || target.key === key) &&
    (statuses === undefined || statuses.includes(viewStatus(status)))
  );
}
