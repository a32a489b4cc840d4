/** Fakes of what the steps of `perdure verify-aws` use: an account, the CDK, and the two APIs. */
import type { AwsAccount } from "../../../../cli/verify-aws/account.ts";
import type { CdkRun, StackTool } from "../../../../cli/verify-aws/cdk.ts";
import { type CheckResult, Ledger } from "../../../../cli/verify-aws/check.ts";
import type { AwsChannel, ChannelAnswer, ChannelRequest } from "../../../../cli/aws/signed-http.ts";
import { scaleOf } from "../../../../cli/verify-aws/scale.ts";
import type { Settings } from "../../../../cli/verify-aws/settings.ts";
import { OUTPUTS, type Outputs } from "../../../../cli/verify-aws/stack/variables.ts";
import {
  openCallers,
  Capabilities,
  type StackAtHand,
  type Verification,
} from "../../../../cli/verify-aws/verification.ts";

export type Respond = (
  method: string,
  path: string,
  asked: ChannelRequest & { readonly signed: boolean; readonly host: string },
) => { readonly status?: number; readonly json?: unknown; readonly headers?: Record<string, string> };

export interface Faked {
  readonly settings?: Partial<Settings>;
  readonly account?: Partial<AwsAccount>;
  readonly tool?: Partial<StackTool>;
  readonly respond?: Respond;
}

export const FAKE_OUTPUTS = {
  ...(Object.fromEntries(OUTPUTS.map((name) => [name, name])) as unknown as Outputs),
  IngressUrl: "https://ingress.example",
  AdminUrl: "https://admin.example",
};

const DONE: CdkRun = { ok: true, text: "" };
const CREDENTIALS = { accessKeyId: "own", secretAccessKey: "secret" };

const refuse = (): never => {
  throw new Error("the fake does not answer that");
};

const ACCOUNT: AwsAccount = {
  region: "eu-central-1",
  credentials: async () => CREDENTIALS,
  identity: async () => ({ account: "123456789012", arn: "arn" }),
  parameter: async () => "21",
  concurrency: async () => 1000,
  stackStatus: async () => undefined,
  stackEvents: async () => [],
  functionSettings: async () => ({
    ...{ runtime: "nodejs24.x", architectures: ["arm64"], environment: {}, updating: false },
  }),
  updateFunction: async () => undefined,
  invoke: refuse,
  metrics: async (queries) => queries.map(() => undefined),
  logs: async () => [],
  alarmStates: async () => ({}),
  sendMessage: async () => undefined,
  messagesIn: async () => 0,
  schedulesIn: async () => 0,
  assumeRole: async () => ({ accessKeyId: "role", secretAccessKey: "secret", sessionToken: "token" }),
  mayListQueues: async () => false,
  restoreTable: async () => undefined,
  tableStatus: async () => undefined,
  deleteTable: async () => undefined,
  named: async () => [],
  close: () => undefined,
};

export interface Fake {
  readonly verification: Verification;
  readonly stack: StackAtHand;
  readonly results: readonly CheckResult[];
  /** What the CDK was asked for. */
  readonly runs: readonly string[];
  outcomes(): Record<string, string>;
}

/** Time passes only by pauses. */
export function fakeVerification({
  settings = {},
  account = {},
  tool = {},
  respond = refuse,
}: Faked = {}): Fake {
  let nowMs = Date.UTC(2026, 10, 28);
  const runs: string[] = [];
  const clock = {
    now: () => nowMs,
    pause: async (ms: number) => void (nowMs += ms),
  };
  const ledger = new Ledger({ now: clock.now, report: () => undefined });
  const all: Settings = {
    ...{ stackPrefix: "PerdureVerify-", only: [], slow: false, keep: false, yes: true, ...settings },
  };
  const verification: Verification = {
    settings: all,
    scale: scaleOf(true, false),
    state: { begun: false, settings: {}, tables: [] },
    ledger,
    account: { ...ACCOUNT, ...account },
    stackName: "PerdureVerify-abc",
    tool: {
      bootstrap: async () => (runs.push("bootstrap"), DONE),
      deploy: async (given) => (
        runs.push(`deploy ${given.variant ?? "plain"}`),
        { ...DONE, outputs: FAKE_OUTPUTS }
      ),
      destroy: async () => (runs.push("destroy"), DONE),
      stop: () => undefined,
      settled: async () => undefined,
      close: () => undefined,
      ...tool,
    },
    clock,
    capabilities: new Capabilities(all.endpoint !== undefined),
    openChannel: ({ url, credentials }) => fakeDoor(respond, new URL(url).host, credentials !== undefined),
    progress: () => undefined,
  };
  return {
    verification,
    stack: openCallers(verification, FAKE_OUTPUTS),
    results: ledger.results,
    runs,
    outcomes: () => Object.fromEntries(ledger.results.map(({ name, outcome }) => [name, outcome])),
  };
}

function fakeDoor(respond: Respond, host: string, signed: boolean): AwsChannel {
  return {
    request: async (method, path, asked = {}): Promise<ChannelAnswer> => {
      const { status = 200, json, headers = {} } = respond(method, path, { ...asked, signed, host });
      const body = Buffer.from(json === undefined ? "" : JSON.stringify(json));
      return { status, headers, body, ms: 1 };
    },
    close: () => undefined,
  };
}
