/**
 * Registers what a deployment of a stack has published: the resource that CloudFormation creates after a function's new
 * version, updates when there is another one, also when it rolls back, and deletes with the function.
 */
import { OperationalError } from "../../lib/errors.ts";
import type { Deployment } from "../../lib/model/manifest.ts";
import { pause } from "../../lib/pause.ts";
import { DeploymentError } from "../deployments/error.ts";
import type { DeploymentPorts } from "../deployments/ports.ts";
import { register } from "../deployments/registration.ts";

/** What the stack says of a service. */
export interface Registration {
  /** Without a version: what is the resource's identity, and that of its deployments. */
  readonly functionArn: string;
  readonly versionArn: string;
  /** The services that its role is confined to. */
  readonly services: readonly string[];
  /** Register it although it takes away what others rely on. */
  readonly breaking: boolean;
}

/** A permission that the same deployment gave takes some seconds to be known everywhere. */
const PAUSE_MS = 3000;
const ATTEMPTS_MAX = 30;

export class Registrar {
  readonly #ports: DeploymentPorts;

  constructor(ports: DeploymentPorts) {
    this.#ports = ports;
  }

  /** Throws `Error` with the reason, for whoever deploys. */
  async register({ versionArn, services, breaking }: Registration): Promise<void> {
    const known = (await this.#ports.registry.deployments()).some(({ address }) => address === versionArn);
    const wanted = {
      target: { address: versionArn },
      force: true,
      strict: true,
      // A stack that is rolled back takes away what the newer version had added, and must not fail at that, too.
      breaking: breaking || known,
      dryRun: false,
      check: (deployment: Deployment): void => assertServes(deployment, services),
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await register(this.#ports, wanted);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !mayPass(error)) throw error;
        await pause(this.#ports.clock, PAUSE_MS);
      }
    }
  }

  /** Takes all deployments of the function from the registry. */
  async remove(functionArn: string): Promise<void> {
    const { registry } = this.#ports;
    const owned = (await registry.deployments()).filter(({ address }) =>
      address.startsWith(`${functionArn}:`),
    );
    for (const { id } of owned) await registry.remove(id);
  }
}

const UNREACHED = "META0003";
const mayPass = (error: unknown): boolean =>
  error instanceof OperationalError || (error instanceof DeploymentError && error.code === UNREACHED);

/** The role lets the handlers touch the items of the services that the stack names, and of no others. */
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
