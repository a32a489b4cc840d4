import type { DeploymentPorts } from "../deployments/ports.ts";
import type { GatePorts } from "./gate.ts";
import type { MovePorts } from "./mailbox-move.ts";

/** Versions of functions. Its methods throw an `OperationalError` for what may pass, and else an Error with a text for people. */
export interface FunctionVersions {
  /** Publishes what the function is now. If its newest version is the same, that is the answer. */
  publish(functionArn: string, description: string): Promise<FunctionVersion>;
  state(arn: string): Promise<"ready" | "preparing" | "gone">;
  /** Harmless to repeat. */
  remove(arn: string): Promise<void>;
}
export interface FunctionVersion {
  readonly arn: string;
  /** From when it was published first. */
  readonly description: string;
}

export interface RegistrarPorts extends DeploymentPorts {
  readonly versions: FunctionVersions;
  /** Absent: no service has a mailbox of its own. */
  readonly moves?: Omit<MovePorts, "clock">;
  /** Absent: nothing is asked about open invocations. */
  readonly gate?: GatePorts;
}
