/** How a version passes the gate (gate.ts) at its registration: what follows from the report, by the policy of the stack. */
import type { Deployment } from "../../lib/model/manifest.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { targetText } from "../../lib/model/target-text.ts";
import { Gate, type GateWish } from "./gate.ts";
import { type GateReport, gateRefusal, type Remaining, summaryOf } from "./gate-report.ts";
import type { RegistrarPorts } from "./ports.ts";

export class Passage {
  readonly #ports: RegistrarPorts;
  readonly #wish: GateWish;
  /** It was registered before: a rollback, as a rule, which must not fail. */
  readonly #isKnown: boolean;
  #gate: Gate | undefined;
  #report: GateReport | undefined;

  constructor(ports: RegistrarPorts, wish: GateWish, { isKnown }: { readonly isKnown: boolean }) {
    this.#ports = ports;
    this.#wish = wish;
    this.#isKnown = isKnown;
  }

  /** Throws `Error` with the report if the version must not take over. */
  async ask(deployment: Deployment): Promise<void> {
    const { gate: ports, registry } = this.#ports;
    if (!ports) throw new Error("the runtime cannot ask about open invocations: deploy its stack first");
    const names = deployment.services.map(({ name }) => name);
    const isFirst = (await registry.deployments()).every(
      ({ id, services }) => id === deployment.id || !services.some(({ name }) => names.includes(name)),
    );
    if (isFirst) return;
    this.#gate = new Gate(ports, this.#wish.sample);
    const report = await this.#gate.ask(deployment);
    this.#report = report;
    const refuses = this.#wish.policy === "block" && !this.#isKnown;
    if (!refuses || (report.diverging.length === 0 && !report.isUnanswered)) return;
    this.#log(report, report.untried);
    throw new Error(gateRefusal(report));
  }

  /** The version has taken over. Answers what has become of the open invocations, in a line. */
  async registered({ id }: Pick<Deployment, "id">): Promise<string | undefined> {
    const report = this.#report;
    if (!report || !this.#gate) return undefined;
    const moves = this.#wish.policy === "move" ? await this.#gate.move(report, id) : undefined;
    this.#log(report, [...report.untried, ...(moves?.staying ?? [])], moves?.moved);
    return summaryOf(report, moves?.moved);
  }

  #log(report: GateReport, others: readonly Remaining[], moved?: number): void {
    const { gate } = this.#ports;
    const say = (what: string, { id, target, deployment, reason }: Remaining): void =>
      gate?.logger.log("warn", what, {
        ...{ invocation: shownId(id), deployment, reason },
        ...(target ? { target: targetText(target) } : {}),
      });
    for (const each of report.diverging) say("an open invocation would diverge on the new code", each);
    for (const each of others) say("an open invocation stays where it is", each);
    gate?.logger.log("info", "the new code was asked about open invocations", {
      summary: summaryOf(report, moved),
    });
  }
}
