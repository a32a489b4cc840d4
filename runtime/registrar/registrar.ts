/**
 * Registers the versions that a stack publishes.
 *
 * A registration is a resource of the stack. CloudFormation creates it after the function's first version, updates it for
 * each other version, also in a rollback, and deletes it with the function.
 */
import { OperationalError } from "../../lib/errors.ts";
import type { Deployment } from "../../lib/model/manifest.ts";
import { elapse } from "../../lib/ports.ts";
import { DeploymentError } from "../deployments/error.ts";
import type { DeploymentPorts } from "../deployments/ports.ts";
import { register } from "../deployments/registration.ts";
import { leaveMailbox, type MailboxWish, moveMailbox, type MovePorts } from "./mailbox-move.ts";
import { PERMISSION_ATTEMPTS_MAX, PERMISSION_PAUSE_MS } from "../../lib/limits/aws.ts";

/** What the stack says about a function. */
export interface Registration {
  /** Without a version. It identifies the resource, and is part of its deployments' addresses. */
  readonly functionArn: string;
  readonly versionArn: string;
  /** The services to which its role is confined. */
  readonly services: readonly string[];
  /** Register it even if it takes away what others rely on. */
  readonly breaking: boolean;
  /** The URL of its services' own mailbox. */
  readonly mailboxUrl?: string;
  /** What it was before. */
  readonly mailboxUrlBefore?: string;
}

export interface RegistrarPorts extends DeploymentPorts {
  /** Absent: no service has a mailbox of its own. */
  readonly moves?: Omit<MovePorts, "clock">;
}

export class Registrar {
  readonly #ports: RegistrarPorts;

  constructor(ports: RegistrarPorts) {
    this.#ports = ports;
  }

  /** Throws `Error` with the reason. CloudFormation shows it to the user. */
  async register(registration: Registration): Promise<void> {
    const { services, mailboxUrl: url, mailboxUrlBefore: urlBefore } = registration;
    // Before it gets its first calls, if it is new.
    await this.#move({ services, ...(url ? { url } : {}), ...(urlBefore ? { urlBefore } : {}) });
    try {
      await this.#register(registration);
    } catch (error) {
      // The stack takes the mailbox away again. An update is rolled back by another one.
      if (url && !urlBefore) await this.#leave(url, (service) => services.includes(service));
      throw error;
    }
  }

  async #register({ versionArn, services, breaking }: Registration): Promise<void> {
    const isKnown = (await this.#ports.registry.deployments()).some(({ address }) => address === versionArn);
    const wanted = {
      target: { address: versionArn },
      force: true,
      strict: true,
      // A rollback takes away what the newer version had added. It must not fail for that.
      breaking: breaking || isKnown,
      dryRun: false,
      check: (deployment: Deployment): void => assertServes(deployment, services),
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await register(this.#ports, wanted);
        return;
      } catch (error) {
        if (attempt === PERMISSION_ATTEMPTS_MAX || !isPassing(error)) throw error;
        await elapse(this.#ports.clock, PERMISSION_PAUSE_MS);
      }
    }
  }

  /** Takes all deployments of the function from the registry. Before that, what is in its services' own mailbox is handled: that goes
   * with it. */
  async remove(functionArn: string, mailboxUrl?: string): Promise<void> {
    const { registry } = this.#ports;
    const owned = (await registry.deployments()).filter(({ address }) =>
      address.startsWith(`${functionArn}:`),
    );
    if (mailboxUrl) {
      const others = (await registry.services()).filter((service) =>
        owned.every(({ id }) => id !== service.deployment),
      );
      await this.#leave(mailboxUrl, (service) => others.every(({ name }) => name !== service));
    }
    for (const { id } of owned) await registry.remove(id);
  }

  async #move(wish: MailboxWish): Promise<void> {
    const { moves, clock } = this.#ports;
    if (moves) await moveMailbox({ ...moves, clock }, wish);
  }

  async #leave(url: string, ends: (service: string) => boolean): Promise<void> {
    const { moves, clock } = this.#ports;
    if (moves) await leaveMailbox({ ...moves, clock }, url, ends);
  }
}

const UNREACHED = "META0003";
const isPassing = (error: unknown): boolean =>
  error instanceof OperationalError || (error instanceof DeploymentError && error.code === UNREACHED);

/** The role gives the handlers access only to the items of the services that the stack names. */
function assertServes({ services }: Deployment, named: readonly string[]): void {
  const served = services.map(({ name }) => name);
  const unnamed = served.filter((name) => !named.includes(name));
  const unserved = named.filter((name) => !served.includes(name));
  const parts = [
    ...(unnamed.length > 0 ? [`serves ${unnamed.join(", ")}, which the stack does not name`] : []),
    ...(unserved.length > 0 ? [`does not serve ${unserved.join(", ")}, which the stack names`] : []),
  ];
  if (parts.length > 0) {
    throw new Error(
      `the function ${parts.join(" and ")}: set \`services\` to [${served.map((name) => `"${name}"`).join(", ")}]`,
    );
  }
}
