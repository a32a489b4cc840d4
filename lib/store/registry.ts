/** The registry of deployments and services, over the item store: one item a deployment, one a service. */
import { OperationalError } from "../errors.ts";
import type { Attributes, Condition, ItemKey } from "../model/item.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../limits.ts";
import type {
  Deployment,
  Invocable,
  Reachable,
  RegisteredService,
  ServiceManifest,
} from "../model/manifest.ts";
import type { ItemStore, Registry, ScannedItem } from "../ports.ts";
import { keyOf, RegistryReader, SERVICE } from "./registry-reader.ts";

const DEPLOYMENT = "deployment";
/** Of a deployment's item: since when nothing goes to it, epoch milliseconds, or that it is being retired. */
const IDLE = "u";
const RETIRING = -1;

export interface IdleDeployment {
  readonly deployment: Deployment;
  /** In the past of everything, once a retirement has begun: it is gone on with. */
  readonly sinceMs: number;
}

/** All items of a kind. */
export async function registered(
  items: Pick<ItemStore, "scan">,
  kind: string,
): Promise<readonly ScannedItem[]> {
  const found: ScannedItem[] = [];
  let after: string | undefined;
  do {
    const page = await items.scan("registry", kind, after === undefined ? {} : { after });
    found.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return found;
}

export class ItemRegistry extends RegistryReader implements Registry {
  async deployment(id: string): Promise<Deployment | undefined> {
    return this.cached(`${DEPLOYMENT}.${id}`, async () => {
      const item = await this.items.get(keyOf(DEPLOYMENT, id));
      return item === undefined ? undefined : (item["d"] as unknown as Deployment);
    });
  }

  async services(): Promise<readonly RegisteredService[]> {
    return (await this.#all(SERVICE)).map(({ d }) => d as unknown as RegisteredService);
  }

  async #all(kind: string): Promise<readonly Attributes[]> {
    return (await registered(this.items, kind)).map(({ attributes }) => attributes);
  }

  async deployments(): Promise<readonly Deployment[]> {
    return (await this.#all(DEPLOYMENT)).map(({ d }) => d as unknown as Deployment);
  }

  /**
   * Stores the deployment and points its services to it: new invocations go there from now on. Of one that was known, what
   * it serves no more goes to the newest other deployment that has it. `keep`: services that other deployments serve by
   * now stay there. Throws {@link OperationalError} for one that is being retired.
   */
  async register(deployment: Deployment, { keep = false }: { keep?: boolean } = {}): Promise<void> {
    const { id, services } = deployment;
    const key = keyOf(DEPLOYMENT, id);
    const before = (await this.items.get(key))?.["d"] as unknown as Deployment | undefined;
    const revisions: Record<string, number> = { ...before?.revisions };
    const { won } = await this.items.write({
      ...{ op: "put", key, attributes: { d: plain({ ...deployment, revisions }) } },
      when: { is: "ne", attribute: IDLE, value: RETIRING },
    });
    if (!won) throw new OperationalError("unavailable", `deployment ${id} is being retired`);
    for (const manifest of services) {
      const current = keep ? await this.#read(manifest.name) : undefined;
      if (current && current.deployment !== id) continue;
      revisions[manifest.name] = await this.#pointTo(manifest, deployment);
    }
    const dropped = before?.services.filter(({ name }) => !services.some((service) => service.name === name));
    if (dropped && dropped.length > 0) await this.#giveBack([id], dropped);
    // For people only: cut off here, the next registration writes them.
    await this.#change<Deployment>(key, (held) => ({ ...held, revisions }));
    this.forgetCached();
  }

  /** Changes how a deployment is reached, and nothing of what it serves: the deployment first, then the services that point to it, whose
   * items have its address, too. Stopped in between, it is done by the same request again. `undefined`: there is none. */
  async move(id: string, to: Reachable): Promise<Deployment | undefined> {
    const moved = await this.#change<Deployment>(keyOf(DEPLOYMENT, id), (held) => {
      const { address: _, headers: _headers, http11: _http11, ...rest } = held;
      return { ...rest, ...to };
    });
    for (const { name } of moved?.services ?? [])
      if ((await this.#read(name))?.deployment === id)
        await this.#change<RegisteredService>(keyOf(SERVICE, name), (held) => ({
          ...held,
          address: to.address,
        }));
    this.forgetCached();
    return moved;
  }

  async #read(service: string): Promise<RegisteredService | undefined> {
    return (await this.items.get(keyOf(SERVICE, service)))?.["d"] as unknown as RegisteredService | undefined;
  }

  /** Returns the service's new revision. */
  async #pointTo(manifest: ServiceManifest, { id: deployment, address }: Invocable): Promise<number> {
    const key = keyOf(SERVICE, manifest.name);
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const before = await this.items.get(key);
      const revision = Number(before?.["v"] ?? 0);
      const service: RegisteredService = { ...manifest, deployment, address, revision: revision + 1 };
      const attributes: Attributes = { d: plain(service), v: revision + 1 };
      const { won } = await this.items.write({
        op: "put",
        key,
        attributes,
        when: before === undefined ? { is: "absent" } : { is: "eq", attribute: "v", value: revision },
      });
      if (won) return revision + 1;
    }
    throw new OperationalError(
      "unavailable",
      `service ${manifest.name} is being registered by others; try again`,
    );
  }

  /**
   * Changes the options of a service's newest revision, until the next one is registered: the deployment first, which
   * invocations take their options from, then the service, which is what people see. Stopped in between, the change
   * does not show and is made again. Returns the service as it now is; `undefined` if there is none.
   */
  async configure(
    name: string,
    change: (manifest: ServiceManifest) => ServiceManifest,
  ): Promise<RegisteredService | undefined> {
    const found = await this.items.get(keyOf(SERVICE, name));
    if (!found) return undefined;
    const { deployment } = found["d"] as unknown as RegisteredService;
    await this.#change<Deployment>(keyOf(DEPLOYMENT, deployment), (held) => ({
      ...held,
      services: held.services.map((service) => (service.name === name ? change(service) : service)),
    }));
    const changed = await this.#change<RegisteredService>(keyOf(SERVICE, name), (held) => ({
      ...change(held),
      deployment: held.deployment,
      ...(held.address === undefined ? {} : { address: held.address }),
      revision: held.revision,
    }));
    this.forgetCached();
    return changed;
  }

  /** Removes a deployment: its services go to the newest other deployment that has them, or are gone. `false`: there is
   * none. Harmless to repeat. */
  async remove(id: string): Promise<boolean> {
    const served = (await this.services()).filter(({ deployment }) => deployment === id);
    await this.#giveBack([id], served);
    const before = await this.items.get(keyOf(DEPLOYMENT, id));
    await this.items.write({ op: "delete", key: keyOf(DEPLOYMENT, id) });
    this.forgetCached();
    return before !== undefined;
  }

  /** New invocations of the services do not go to the deployments `from` any more. These stay, for what is in flight. */
  async withdraw(services: readonly string[], from: readonly string[]): Promise<void> {
    await this.#giveBack(
      from,
      services.map((name) => ({ name })),
    );
    this.forgetCached();
  }

  /** Services that new invocations go to one of `ids` for go to the newest other deployment that has them, or are gone. */
  async #giveBack(ids: readonly string[], services: readonly Pick<ServiceManifest, "name">[]): Promise<void> {
    const deployments = await this.deployments();
    const others = deployments
      .filter((other) => !ids.includes(other.id))
      .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
    for (const { name } of services) {
      const current = await this.#read(name);
      if (!current || !ids.includes(current.deployment)) continue;
      if (!(await this.#giveTo(others, name)))
        await this.items.write({ op: "delete", key: keyOf(SERVICE, name) });
    }
  }

  /** To the first of `deployments` that has the service and is not being retired. It begins a new life: that it was idle
   * before is forgotten first. Stopped in between, it is noticed anew. `false`: there is none. */
  async #giveTo(deployments: readonly Deployment[], name: string): Promise<boolean> {
    for (const deployment of deployments) {
      const manifest = deployment.services.find((service) => service.name === name);
      if (!manifest || !(await this.#forgetIdle(deployment.id))) continue;
      await this.#pointTo(manifest, deployment);
      return true;
    }
    return false;
  }

  /**
   * The deployments that no service goes to, each with when that was first noticed. A registration forgets it, and so does a
   * pass that finds the deployment in use again: a newer one was removed or dropped the service, so this one serves once
   * more, and its next idleness is a new one with all its days of grace.
   */
  async idle(): Promise<readonly IdleDeployment[]> {
    const inUse = new Set((await this.services()).map(({ deployment }) => deployment));
    const found: IdleDeployment[] = [];
    for (const item of await this.#all(DEPLOYMENT)) {
      const deployment = item["d"] as unknown as Deployment;
      if (inUse.has(deployment.id)) {
        if (item[IDLE] !== undefined) await this.#forgetIdle(deployment.id);
        continue;
      }
      const noticed = await this.#noticeIdle(deployment.id);
      if (noticed !== undefined) found.push({ deployment, sinceMs: noticed });
    }
    return found;
  }

  /** `false`: it is being retired, so nothing may go to it any more. */
  async #forgetIdle(id: string): Promise<boolean> {
    const { won, item } = await this.items.write({
      op: "update",
      key: keyOf(DEPLOYMENT, id),
      changes: [{ do: "remove", attribute: IDLE }],
      when: { is: "all", of: [{ is: "present" }, { is: "ne", attribute: IDLE, value: RETIRING }] },
    });
    return won || item === undefined;
  }

  async #noticeIdle(id: string): Promise<number | undefined> {
    const { won, item } = await this.items.write({
      op: "update",
      key: keyOf(DEPLOYMENT, id),
      changes: [{ do: "set", attribute: IDLE, value: this.clock.now() }],
      when: { is: "all", of: [{ is: "present" }, { is: "missing", attribute: IDLE }] },
    });
    if (won) return this.clock.now();
    return item === undefined ? undefined : Number(item[IDLE]);
  }

  /** From now on the deployment cannot be registered any more, until it is removed. `false`: it has been registered or removed since it
   * was found idle. Harmless to repeat. */
  async beginRetirement({ deployment: { id }, sinceMs }: IdleDeployment): Promise<boolean> {
    const { won } = await this.items.write({
      op: "update",
      key: keyOf(DEPLOYMENT, id),
      changes: [{ do: "set", attribute: IDLE, value: RETIRING }],
      when: { is: "eq", attribute: IDLE, value: sinceMs },
    });
    return won;
  }

  /** `c` counts the changes of what is registered, so that two of them do not undo each other. */
  async #change<T>(key: ItemKey, change: (held: T) => T): Promise<T | undefined> {
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const before = await this.items.get(key);
      if (!before) return undefined;
      const count = before["c"];
      const changed = change(before["d"] as unknown as T);
      const asRead: Condition[] = [
        { is: "present" },
        typeof count === "number"
          ? { is: "eq", attribute: "c", value: count }
          : { is: "missing", attribute: "c" },
        ...(typeof before["v"] === "number"
          ? [{ is: "eq", attribute: "v", value: before["v"] } as const]
          : []),
      ];
      const { won } = await this.items.write({
        op: "put",
        key,
        attributes: { ...before, d: plain(changed), c: Number(count ?? 0) + 1 },
        when: { is: "all", of: asRead },
      });
      if (won) return changed;
    }
    throw new OperationalError("unavailable", `${key.pk} is being changed by others; try again`);
  }
}

/** Without the `undefined`s that an item cannot hold. */
const plain = (value: unknown): Attributes => JSON.parse(JSON.stringify(value)) as Attributes;
