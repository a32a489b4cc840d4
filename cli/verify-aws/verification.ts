/** What the steps share: what was asked for, what they use, what they have found out. */
import type { Credentials } from "../../lib/aws/signature.ts";
import type { AwsAccount } from "./account.ts";
import type { StackSettings, StackTool } from "./cdk.ts";
import { type Ledger, Skipped, Unmet } from "./check.ts";
import { type AwsChannel, type ChannelOptions, narrowed } from "../aws/signed-http.ts";
import { IngressCaller } from "./ingress-caller.ts";
import type { Scale } from "./scale.ts";
import type { Settings } from "./settings.ts";
import type { Outputs } from "./stack/variables.ts";

export interface StepClock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** What there is, and must be destroyed at the end. */
export interface StackState {
  begun: boolean;
  /** With which it was deployed last. */
  settings: StackSettings;
  /** Those that a restore has made. The stack does not own them. */
  tables: string[];
}

export interface Verification {
  readonly state: StackState;
  readonly settings: Settings;
  readonly scale: Scale;
  readonly ledger: Ledger;
  readonly account: AwsAccount;
  readonly stackName: string;
  readonly tool: StackTool;
  readonly clock: StepClock;
  readonly capabilities: Capabilities;
  readonly openChannel: (options: ChannelOptions) => AwsChannel;
  readonly progress: (text: string) => void;
}

/** A stack that is there, and callers of its two APIs. */
export interface StackAtHand {
  readonly outputs: Outputs;
  readonly ingress: IngressCaller;
  readonly admin: IngressCaller;
  readonly close: () => void;
}

/** A caller of one of the stack's APIs. Without credentials its requests are not signed. */
export function openCaller(
  { account, settings, clock, openChannel, scale }: Verification,
  url: string,
  credentials?: () => Promise<Credentials>,
): IngressCaller {
  const where = { url, endpoint: settings.endpoint, region: account.region };
  const door = openChannel({ ...where, ...(credentials ? { credentials } : {}) });
  return new IngressCaller(narrowed(door, scale.requestsAtOnce), clock);
}

export function openCallers(verification: Verification, outputs: Outputs): StackAtHand {
  const { credentials } = verification.account;
  const ingress = openCaller(verification, outputs.IngressUrl, credentials);
  const admin = openCaller(verification, outputs.AdminUrl, credentials);
  const close = (): void => {
    for (const { door } of [ingress, admin]) door.close();
  };
  return { outputs, ingress, admin, close };
}

/** What AWS does and an emulator may not. Found out by trying. */
export const CAPABILITIES = {
  iam: "refuses what a role's policy does not allow",
  metrics: "measures functions, queues and tables in CloudWatch",
  logs: "writes a REPORT line of each invocation of a function",
  freeze: "freezes a function between its invocations",
  memory: "ends a function that needs more memory than it has",
  batches: "hands out the next messages of a queue while a batch of it is worked on",
  deaths: "says of a function's death what it was",
  restore: "restores a table to a point in time",
} as const;
export type Capability = keyof typeof CAPABILITIES;

interface Found {
  readonly present: boolean;
  readonly how: string;
}

export class Capabilities {
  readonly #isEmulator: boolean;
  readonly #asked = new Map<Capability, Promise<Found>>();
  readonly #found = new Map<Capability, Found>();

  constructor(isEmulator: boolean) {
    this.#isEmulator = isEmulator;
  }

  set(name: Capability, present: boolean, how: string): void {
    this.#found.set(name, { present, how });
  }

  /** It is being found out, and takes a while. */
  expect(name: Capability, finding: Promise<Found>): void {
    this.#asked.set(
      name,
      finding.then((found) => {
        this.#found.set(name, found);
        return found;
      }),
    );
  }

  /** Throws {@link Skipped} of an emulator without it, and {@link Unmet} of AWS without it. */
  async require(name: Capability): Promise<void> {
    await this.#asked.get(name);
    const { present, how } = this.#found.get(name) ?? { present: false, how: "it was not found out" };
    if (!present) throw this.lacking(name, how);
  }

  lacking(name: Capability, how: string): Error {
    if (this.#isEmulator) return new Skipped(`not an emulator that ${CAPABILITIES[name]}: ${how}`);
    return new Unmet(`a region that ${CAPABILITIES[name]}`, how);
  }

  get found(): Readonly<Record<string, Found>> {
    return Object.fromEntries(this.#found);
  }
}
