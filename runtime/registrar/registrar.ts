/**
 * Publishes the versions of a stack's functions, and registers them (docs/decisions/0027-the-registrar-publishes.md).
 *
 * A registration is a resource of the stack. CloudFormation creates it after the function, updates it after each change of the
 * function's code or settings, also in a rollback, and deletes it before the function.
 *
 * Before a version is registered it may be asked whether it fits the open invocations (passage.ts).
 *
 * Each step finds what an earlier try has done. Crash points: published and not registered, the next try is answered the same
 * version. Registered and not answered, the next try registers it once more. Stopped before a version that was refused is deleted, it
 * stays, and the same code and settings find it.
 */
import { OperationalError } from "../../lib/errors.ts";
import type { Deployment } from "../../lib/model/manifest.ts";
import { DeploymentError } from "../deployments/error.ts";
import { register } from "../deployments/registration.ts";
import { leaveMailbox, type MailboxWish, moveMailbox } from "./mailbox-move.ts";
import type { GateWish } from "./gate.ts";
import { Passage } from "./passage.ts";
import type { FunctionVersion, RegistrarPorts } from "./ports.ts";
import { assertKept, assertServes, goneFrom, isUndone } from "./served.ts";
import { untilPassed } from "./until-passed.ts";

/** What the stack says about a function. */
export interface Registration {
  /** Without a version. It identifies the resource, and is part of its deployments' addresses. */
  readonly functionArn: string;
  /** Another one for other code or settings. */
  readonly fingerprint?: string;
  /** A version that the stack has published, as stacks of earlier versions of Perdure do. */
  readonly versionArn?: string;
  /** The services of the function. Its role is confined to them and the former ones. */
  readonly services: readonly string[];
  /** Services that it has no more. Absent: a stack of an earlier version, which cannot say. */
  readonly formerServices?: readonly string[];
  /** All services to which its role had access until this deployment. */
  readonly accessBefore?: readonly string[];
  /** Register it even if it takes away what others rely on. */
  readonly breaking: boolean;
  /** The URL of its services' own mailbox. */
  readonly mailboxUrl?: string;
  /** What it was before. */
  readonly mailboxUrlBefore?: string;
  /** Absent: nothing is asked about open invocations, which stay on their versions. */
  readonly inFlight?: GateWish;
}

/** What the stack learns. */
export interface RegisteredVersion {
  readonly versionArn: string;
  /** What was found about open invocations, in a line. */
  readonly inFlight: string;
}

const REMEDY = "Set `allowBreakingChanges` of the PerdureService to register it";

/** The description of a version that was published here begins so. */
const MARK = "Perdure build ";

export class Registrar {
  readonly #ports: RegistrarPorts;

  constructor(ports: RegistrarPorts) {
    this.#ports = ports;
  }

  /** Throws `Error` with the reason. CloudFormation shows it to the user. */
  async register(registration: Registration): Promise<RegisteredVersion> {
    const { services, mailboxUrl: url, mailboxUrlBefore: urlBefore } = registration;
    // Before it gets its first calls, if it is new.
    await this.#move({ services, ...(url ? { url } : {}), ...(urlBefore ? { urlBefore } : {}) });
    let version: FunctionVersion | undefined;
    try {
      const attempt = async (): Promise<RegisteredVersion> => {
        const owned = await this.#deploymentsOf(registration.functionArn);
        version = await this.#versionOf(registration, owned);
        return { versionArn: version.arn, inFlight: await this.#register(version.arn, registration, owned) };
      };
      return await untilPassed(this.#ports.clock, attempt, isPassing);
    } catch (error) {
      if (version) await this.#discard(version);
      // The stack takes the mailbox away again. An update is rolled back by another one.
      if (url && !urlBefore) await this.#leave(url, (service) => services.includes(service));
      throw error;
    }
  }

  async #deploymentsOf(functionArn: string): Promise<readonly Deployment[]> {
    const all = await this.#ports.registry.deployments();
    return all
      .filter(({ address }) => address.startsWith(`${functionArn}:`))
      .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  }

  /**
   * One that was registered with this code and these settings, whatever the function is by now: so a rollback is to the very
   * version of before. Else a new one.
   */
  async #versionOf(
    { functionArn, versionArn, fingerprint }: Registration,
    owned: readonly Deployment[],
  ): Promise<FunctionVersion> {
    const { versions } = this.#ports;
    if (versionArn !== undefined) return { arn: versionArn, description: "" };
    const known = owned.find((deployment) => deployment.fingerprint === fingerprint);
    const isThere = known !== undefined && (await versions.state(known.address)) !== "gone";
    const version = isThere
      ? { arn: known.address, description: "" }
      : await versions.publish(functionArn, `${MARK}${fingerprint}`);
    if ((await versions.state(version.arn)) !== "ready")
      throw new OperationalError("unavailable", `the version ${version.arn} cannot be invoked yet`);
    return version;
  }

  async #register(
    arn: string,
    { fingerprint, services, formerServices, accessBefore = [], breaking, inFlight }: Registration,
    owned: readonly Deployment[],
  ): Promise<string> {
    const { registry, clock } = this.#ports;
    const known = owned.find(({ address }) => address === arn);
    const former = formerServices ?? [];
    const accessible = [...services, ...former];
    const kept = owned.filter((deployment) => !isUndone(deployment, known, clock.now()));
    const check = (deployment: Deployment): void => {
      assertServes(deployment, services);
      const lost = goneFrom(kept, accessible).filter((name) => accessBefore.includes(name));
      if (formerServices && !breaking) assertKept(lost, former);
    };
    const passage = inFlight && new Passage(this.#ports, inFlight, { isKnown: known !== undefined });
    const { deployment } = await register(this.#ports, {
      target: { address: arn },
      ...(passage ? { gate: async (found: Deployment) => await passage.ask(found) } : {}),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...{ force: true, strict: REMEDY, dryRun: false, check },
      // A rollback takes away what the newer version had added. It must not fail for that.
      breaking: breaking || known !== undefined,
    });
    // Its role could do nothing with their calls.
    const gone = formerServices ? goneFrom(owned, accessible) : [];
    if (gone.length > 0)
      await registry.withdraw(
        gone,
        owned.map(({ id }) => id),
      );
    return (await passage?.registered(deployment)) ?? NOT_ASKED;
  }

  /** Nobody else would delete it. */
  async #discard({ arn, description }: FunctionVersion): Promise<void> {
    const { registry, versions } = this.#ports;
    if (!description.startsWith(MARK)) return;
    try {
      const isRegistered = (await registry.deployments()).some(({ address }) => address === arn);
      if (!isRegistered) await versions.remove(arn);
    } catch {
      // Why it was refused is what the user must read. The version costs its storage.
    }
  }

  /** Takes all deployments of the function from the registry. Before that, what is in its services' own mailbox is handled: that goes
   * with it. */
  async remove(functionArn: string, mailboxUrl?: string): Promise<void> {
    const { registry } = this.#ports;
    const owned = await this.#deploymentsOf(functionArn);
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

const NOT_ASKED = "not asked";
const UNREACHED = "META0003";
const isPassing = (error: unknown): boolean =>
  error instanceof OperationalError || (error instanceof DeploymentError && error.code === UNREACHED);
