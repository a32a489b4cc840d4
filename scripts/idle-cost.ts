/**
 * What a template costs in a month in which nothing happens, item by item, with the arithmetic. Each type of resource needs a
 * rule. A type without one is an error, so that no cost goes unnoticed.
 */
export interface Prices {
  readonly sqs: { readonly fifoRequest: number; readonly standardRequest: number };
  readonly lambda: { readonly request: number; readonly gbSecondArm64: number };
  readonly scheduler: { readonly invocation: number };
  readonly cloudWatch: {
    readonly alarmMonth: number;
    readonly dashboardMonth: number;
    readonly logGb: number;
  };
  readonly kms: { readonly keyMonth: number };
}

export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Properties }>>;
}
type Properties = Readonly<Record<string, unknown>>;

export interface Item {
  readonly what: string;
  readonly count: number;
  /** In words and numbers. */
  readonly arithmetic: string;
  readonly dollars: number;
  /** The same after the allowances that each account has for ever, if nothing else uses them. */
  readonly afterAllowances: number;
}

const MINUTES_A_MONTH = 30 * 24 * 60;
/** Lambda polls a queue with five connections at the least. Those of an idle standard queue it can reduce to two, unless there is a
 * maximum concurrency. A poll takes 20 seconds. */
const POLLERS = 5;
const IDLE_POLLERS = 2;
const POLLS_A_MINUTE = 3;
/** For a function that starts cold each time, reads two empty tables and writes some lines. */
const RUN_SECONDS = 1;
const RUN_LOG_GB = 1e-6;
const MIB_A_GIB = 1024;

/** Allowances that do not end after a year. */
const FREE = { sqsRequests: 1_000_000, alarms: 10, dashboards: 3 };

/** These cost by use only: by the request, the gigabyte, the gigabyte-second. */
const BY_USE: ReadonlySet<string> = new Set([
  "AWS::ApiGatewayV2::Api",
  "AWS::ApiGatewayV2::Authorizer",
  "AWS::ApiGatewayV2::Integration",
  "AWS::ApiGatewayV2::Route",
  "AWS::ApiGatewayV2::Stage",
  "AWS::CDK::Metadata",
  "AWS::DynamoDB::Table",
  "AWS::IAM::Policy",
  "AWS::IAM::Role",
  "AWS::Lambda::Alias",
  "AWS::Lambda::Function",
  "AWS::Lambda::Permission",
  "AWS::Logs::LogGroup",
  "AWS::SQS::Queue",
  "AWS::SQS::QueuePolicy",
  "AWS::Scheduler::ScheduleGroup",
  "Custom::PerdureDeployment",
]);

export function idleCost(template: Template, prices: Prices): Item[] {
  const resources = Object.values(template.Resources);
  const ofType = (type: string): Properties[] =>
    resources.filter(({ Type }) => Type === type).map(({ Properties = {} }) => Properties);
  const ruled = new Set([...BY_USE, ...RULES.map(({ type }) => type)]);
  const unknown = resources.filter(({ Type }) => !ruled.has(Type)).map(({ Type }) => Type);
  if (unknown.length > 0) throw new Error(`no rule says what these cost idle: ${unknown.join(", ")}`);
  const priced = RULES.flatMap(({ type, price }) => {
    const found = ofType(type);
    return found.length === 0 ? [] : price(found, template, prices);
  });
  const free = resources.filter(({ Type }) => BY_USE.has(Type)).length;
  const rest = {
    what: "everything else",
    count: free,
    arithmetic: "paid by use",
    dollars: 0,
    afterAllowances: 0,
  };
  return [...priced, rest];
}

interface Rule {
  readonly type: string;
  readonly price: (found: readonly Properties[], template: Template, prices: Prices) => Item[];
}

const RULES: readonly Rule[] = [
  { type: "AWS::Lambda::EventSourceMapping", price: polling },
  { type: "AWS::Scheduler::Schedule", price: scheduled },
  {
    type: "AWS::CloudWatch::Alarm",
    price: (found, _, { cloudWatch }) => [
      monthly("alarms", found.length, cloudWatch.alarmMonth, FREE.alarms),
    ],
  },
  {
    type: "AWS::CloudWatch::Dashboard",
    price: (found, _, { cloudWatch }) => [
      monthly("dashboard", found.length, cloudWatch.dashboardMonth, FREE.dashboards),
    ],
  },
  {
    type: "AWS::KMS::Key",
    price: (found, _, { kms }) => [monthly("own key", found.length, kms.keyMonth, 0)],
  },
];

function monthly(what: string, count: number, dollarsEach: number, free: number): Item {
  return {
    what,
    count,
    arithmetic: `${count} × $${dollarsEach.toFixed(2)}`,
    dollars: count * dollarsEach,
    afterAllowances: Math.max(0, count - free) * dollarsEach,
  };
}

/** The allowance is the account's. It is taken off the cheaper requests first, so the sum is rather too high than too low. */
function polling(found: readonly Properties[], { Resources }: Template, { sqs }: Prices): Item[] {
  let free = FREE.sqsRequests;
  const queueOf = ({ EventSourceArn }: Properties): string =>
    (EventSourceArn as { "Fn::GetAtt": string[] })["Fn::GetAtt"][0] ?? "";
  const isFifo = (queue: string): boolean => Resources[queue]?.Properties?.["FifoQueue"] === true;
  const fifoName = (queue: string): string =>
    queue.includes("QueuesMailbox") ? "the mailbox" : "a service's own mailbox";
  const items = found
    .map((mapping) => {
      const queue = queueOf(mapping);
      const fifo = isFifo(queue);
      const pollers = fifo || mapping["ScalingConfig"] !== undefined ? POLLERS : IDLE_POLLERS;
      return { name: fifo ? fifoName(queue) : "the delay queue", fifo, pollers };
    })
    .toSorted((a, b) => Number(a.fifo) - Number(b.fifo))
    .map(({ name, fifo, pollers }) => {
      const each = fifo ? sqs.fifoRequest : sqs.standardRequest;
      const month = pollers * POLLS_A_MINUTE * MINUTES_A_MONTH;
      const paid = Math.max(0, month - free);
      free -= month - paid;
      const polls = month.toLocaleString("en-US");
      return {
        what: `polling of ${name}`,
        count: 1,
        arithmetic: `${pollers} connections × ${POLLS_A_MINUTE} polls a minute × ${MINUTES_A_MONTH.toLocaleString("en-US")} minutes = ${polls} × $${(each * 1e6).toFixed(2)} per million`,
        dollars: month * each,
        afterAllowances: paid * each,
      };
    });
  return items.toReversed();
}

function scheduled(
  found: readonly Properties[],
  { Resources }: Template,
  { scheduler, lambda, cloudWatch }: Prices,
): Item[] {
  return found.map(({ ScheduleExpression, Target }) => {
    const minutes = Number(/^rate\((\d+) minutes\)$/.exec(String(ScheduleExpression))?.[1]);
    if (!(minutes > 0)) throw new Error(`no rule says how often ${String(ScheduleExpression)} is`);
    const [target = ""] = (Target as { Arn: { "Fn::GetAtt": string[] } }).Arn["Fn::GetAtt"];
    const memoryGib = Number(Resources[target]?.Properties?.["MemorySize"]) / MIB_A_GIB;
    const runs = Math.ceil(MINUTES_A_MONTH / minutes);
    const each =
      scheduler.invocation +
      lambda.request +
      memoryGib * RUN_SECONDS * lambda.gbSecondArm64 +
      RUN_LOG_GB * cloudWatch.logGb;
    return {
      what: "runs of the reconciler",
      count: runs,
      arithmetic: `${runs} × (a schedule, a request, ${memoryGib} GB × ${RUN_SECONDS} s, 1 KB of log: $${(each * 1e6).toFixed(2)} per million)`,
      dollars: runs * each,
      // The allowances of Scheduler, Lambda and logs are far larger than this.
      afterAllowances: 0,
    };
  });
}

/** As a table in Markdown, with the sums. */
export function costTable(items: readonly Item[]): string {
  const dollars = (amount: number): string =>
    amount === 0 ? "0" : `$${amount.toFixed(amount < 0.01 ? 4 : 2)}`;
  const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const sum = (of: "dollars" | "afterAllowances"): number =>
    items.reduce((total, item) => total + item[of], 0);
  return [
    row("What", "Number", "Arithmetic", "A month", "After free allowances"),
    row("---", "--:", "---", "--:", "--:"),
    ...items.map(({ what, count, arithmetic, dollars: list, afterAllowances }) =>
      row(what, String(count), arithmetic, dollars(list), dollars(afterAllowances)),
    ),
    row("**sum**", "", "", `**${dollars(sum("dollars"))}**`, `**${dollars(sum("afterAllowances"))}**`),
  ].join("\n");
}
