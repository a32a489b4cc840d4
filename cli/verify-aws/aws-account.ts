/** {@link AwsAccount} of the shell's credentials, by AWS's default chain, or of an emulator. */
import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  RestoreTableToPointInTimeCommand,
} from "@aws-sdk/client-dynamodb";
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ListScheduleGroupsCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { Credentials } from "../../lib/aws/signature.ts";
import type { AwsAccount, FunctionChange, FunctionSettingsSeen, MetricQuery, StackEvent } from "./account.ts";
import { AwsQuery, element, members, ServiceRefusal } from "../aws/query.ts";

const MINUTE_MS = 60_000;
const LOG_PAGES_MAX = 20;
const ROLE_SESSION = "perdure-verify";

export interface AccountOptions {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

/** Throws if there are no credentials, or if no region is set. */
export async function openAccount({ region: asked, endpoint }: AccountOptions): Promise<AwsAccount> {
  const shared = {
    ...(asked === undefined ? {} : { region: asked }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 6,
  };
  const lambda = new LambdaClient({ ...shared, requestHandler: { requestTimeout: 60_000 } });
  const region = await lambda.config.region();
  const credentials = (): Promise<Credentials> => lambda.config.credentials();
  await credentials();
  return new SdkAccount(lambda, { ...shared, region }, credentials);
}

interface Shared {
  readonly region: string;
  readonly endpoint?: string;
}

class SdkAccount implements AwsAccount {
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
  readonly #shared: Shared;
  readonly #lambda: LambdaClient;
  readonly #dynamo: DynamoDBClient;
  readonly #sqs: SQSClient;
  readonly #scheduler: SchedulerClient;
  readonly #query: AwsQuery;

  constructor(lambda: LambdaClient, shared: Shared, credentials: () => Promise<Credentials>) {
    this.region = shared.region;
    this.credentials = credentials;
    this.#shared = shared;
    this.#lambda = lambda;
    this.#dynamo = new DynamoDBClient(shared);
    this.#sqs = new SQSClient({ ...shared, useQueueUrlAsEndpoint: shared.endpoint === undefined });
    this.#scheduler = new SchedulerClient(shared);
    this.#query = new AwsQuery({ region: shared.region, endpoint: shared.endpoint, credentials });
  }

  async identity() {
    const xml = await this.#query.xml("sts", "GetCallerIdentity", {});
    return { account: element(xml, "Account") ?? "", arn: element(xml, "Arn") ?? "" };
  }

  async parameter(name: string): Promise<string | undefined> {
    try {
      const answer = await this.#query.json("ssm", "GetParameter", { Name: name });
      return (answer as { Parameter?: { Value?: string } }).Parameter?.Value;
    } catch (error) {
      if (error instanceof ServiceRefusal && error.code === "ParameterNotFound") return undefined;
      throw error;
    }
  }

  async concurrency(): Promise<number> {
    const { AccountLimit } = await this.#lambda.send(new GetAccountSettingsCommand({}));
    return AccountLimit?.ConcurrentExecutions ?? 0;
  }

  async stackStatus(stack: string): Promise<string | undefined> {
    try {
      const xml = await this.#query.xml("cloudformation", "DescribeStacks", { StackName: stack });
      return element(xml, "StackStatus");
    } catch (error) {
      if (error instanceof ServiceRefusal && /does not exist/.test(error.message)) return undefined;
      throw error;
    }
  }

  async stackEvents(stack: string): Promise<readonly StackEvent[]> {
    const events: StackEvent[] = [];
    for (let token: string | undefined = ""; token !== undefined;) {
      const next: Record<string, string> = token === "" ? {} : { NextToken: token };
      const xml = await this.#query.xml("cloudformation", "DescribeStackEvents", {
        StackName: stack,
        ...next,
      });
      events.push(...members(xml, "StackEvents").map(stackEvent));
      token = element(xml, "NextToken");
    }
    return events.toSorted((one, other) => one.atMs - other.atMs);
  }

  async functionSettings(name: string): Promise<FunctionSettingsSeen> {
    const seen = await this.#lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return {
      runtime: seen.Runtime ?? "",
      architectures: seen.Architectures ?? [],
      environment: seen.Environment?.Variables ?? {},
      updating: seen.LastUpdateStatus === "InProgress",
    };
  }

  async updateFunction(name: string, { description, environment }: FunctionChange): Promise<void> {
    await this.#lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: name,
        ...(description === undefined ? {} : { Description: description }),
        ...(environment === undefined ? {} : { Environment: { Variables: environment } }),
      }),
    );
    while ((await this.functionSettings(name)).updating) {
      await new Promise((resolve) => void setTimeout(resolve, 1000));
    }
  }

  async invoke(name: string, payload: object = {}): Promise<unknown> {
    const answer = await this.#lambda.send(
      new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError !== undefined) throw new Error(`${name}: ${answer.FunctionError}: ${text}`);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }

  async metrics(queries: readonly MetricQuery[], fromMs: number, toMs: number) {
    const wholeMinutes = Math.ceil((toMs - fromMs) / MINUTE_MS);
    // Sums and maxima are put together from minutes. Percentiles cannot be: one period has all of the time, and begins on its own grid.
    const periodOf = ({ stat }: MetricQuery): number =>
      stat === "Sum" || stat === "Maximum" ? 60 : 60 * Math.max(1, wholeMinutes);
    const longest = 1000 * Math.max(...queries.map(periodOf));
    const answer = await this.#query.json("cloudwatch", "GetMetricData", {
      StartTime: (Math.floor(fromMs / longest) * longest) / 1000,
      EndTime: Math.ceil(toMs / 1000),
      MetricDataQueries: queries.map((query, index) => ({
        Id: `q${index}`,
        MetricStat: { Metric: metricOf(query), Period: periodOf(query), Stat: query.stat },
      })),
    });
    const { MetricDataResults = [] } = answer as {
      MetricDataResults?: readonly { readonly Id: string; readonly Values?: readonly number[] }[];
    };
    return queries.map(({ stat }, index) => {
      const values = MetricDataResults.find(({ Id }) => Id === `q${index}`)?.Values ?? [];
      if (values.length === 0) return undefined;
      return stat === "Sum" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
    });
  }

  async logs(group: string, pattern: string, fromMs: number): Promise<readonly string[]> {
    const found: string[] = [];
    let next: string | undefined;
    for (let page = 0; page < LOG_PAGES_MAX; page++) {
      const answer = (await this.#query.json("logs", "FilterLogEvents", {
        logGroupName: group,
        filterPattern: `"${pattern}"`,
        startTime: fromMs,
        ...(next === undefined ? {} : { nextToken: next }),
      })) as { events?: readonly { readonly message?: string }[]; nextToken?: string };
      found.push(...(answer.events ?? []).map(({ message = "" }) => message));
      next = answer.nextToken;
      if (next === undefined) break;
    }
    return found;
  }

  async alarmStates(prefix: string): Promise<Readonly<Record<string, string>>> {
    const answer = (await this.#query.json("cloudwatch", "DescribeAlarms", {
      AlarmNamePrefix: prefix,
      MaxRecords: 100,
    })) as { MetricAlarms?: readonly { readonly AlarmName: string; readonly StateValue: string }[] };
    return Object.fromEntries(
      (answer.MetricAlarms ?? []).map(({ AlarmName, StateValue }) => [AlarmName, StateValue]),
    );
  }

  async sendMessage(queueUrl: string, body: string, group: string): Promise<void> {
    await this.#sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: `${group}-${Date.now()}`,
      }),
    );
  }

  async messagesIn(queueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }),
    );
    return Number(Attributes["ApproximateNumberOfMessages"] ?? 0);
  }

  async schedulesIn(group: string): Promise<number> {
    const { Schedules = [] } = await this.#scheduler.send(new ListSchedulesCommand({ GroupName: group }));
    return Schedules.length;
  }

  async assumeRole(arn: string): Promise<Credentials> {
    const xml = await this.#query.xml("sts", "AssumeRole", { RoleArn: arn, RoleSessionName: ROLE_SESSION });
    const [accessKeyId, secretAccessKey] = [element(xml, "AccessKeyId"), element(xml, "SecretAccessKey")];
    const sessionToken = element(xml, "SessionToken");
    if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
      throw new Error(`AssumeRole of ${arn} answered no credentials`);
    return { accessKeyId, secretAccessKey, sessionToken };
  }

  async mayListQueues(credentials: Credentials): Promise<boolean> {
    const sqs = new SQSClient({ ...this.#shared, credentials });
    try {
      await sqs.send(new ListQueuesCommand({ MaxResults: 1 }));
      return true;
    } catch (error) {
      if (error instanceof Error && /AccessDenied|not authorized/i.test(`${error.name} ${error.message}`))
        return false;
      throw error;
    } finally {
      sqs.destroy();
    }
  }

  async restoreTable(from: string, to: string): Promise<void> {
    await this.#dynamo.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: from,
        TargetTableName: to,
        UseLatestRestorableTime: true,
      }),
    );
  }

  async tableStatus(name: string): Promise<string | undefined> {
    try {
      const { Table } = await this.#dynamo.send(new DescribeTableCommand({ TableName: name }));
      return Table?.TableStatus;
    } catch (error) {
      if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }

  async deleteTable(name: string): Promise<void> {
    await this.#dynamo.send(new DeleteTableCommand({ TableName: name }));
  }

  async named(text: string): Promise<readonly string[]> {
    const [tables, queues, functions, groups] = await Promise.all([
      everyPage<string>(async (next) => {
        const page = await this.#dynamo.send(
          new ListTablesCommand(next === undefined ? {} : { ExclusiveStartTableName: next }),
        );
        return { items: page.TableNames, next: page.LastEvaluatedTableName };
      }),
      everyPage<string>(async (next) => {
        const token = next === undefined ? {} : { NextToken: next };
        const page = await this.#sqs.send(
          new ListQueuesCommand({ QueueNamePrefix: text, MaxResults: 1000, ...token }),
        );
        return { items: page.QueueUrls, next: page.NextToken };
      }),
      everyPage<string>(async (next) => {
        const page = await this.#lambda.send(
          new ListFunctionsCommand(next === undefined ? {} : { Marker: next }),
        );
        const names = (page.Functions ?? []).map(({ FunctionName = "" }) => FunctionName);
        return { items: names, next: page.NextMarker };
      }),
      everyPage<string>(async (next) => {
        const page = await this.#scheduler.send(
          new ListScheduleGroupsCommand(next === undefined ? {} : { NextToken: next }),
        );
        // A group that is being deleted still shows for a while.
        const left = (page.ScheduleGroups ?? []).filter(({ State }) => State !== "DELETING");
        return { items: left.map(({ Name = "" }) => Name), next: page.NextToken };
      }),
    ]);
    const kinds = { table: tables, queue: queues, function: functions, "schedule group": groups };
    return Object.entries(kinds).flatMap(([kind, names]) =>
      names.filter((name) => name.includes(text)).map((name) => `${kind} ${name}`),
    );
  }

  close(): void {
    this.#query.close();
    for (const client of [this.#lambda, this.#dynamo, this.#sqs, this.#scheduler]) client.destroy();
  }
}

const metricOf = ({ namespace, metric, dimensions }: MetricQuery): object => ({
  Namespace: namespace,
  MetricName: metric,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

async function everyPage<Item>(
  ask: (
    next: string | undefined,
  ) => Promise<{ readonly items: readonly Item[] | undefined; readonly next: string | undefined }>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let next: string | undefined;
  do {
    const page = await ask(next);
    all.push(...(page.items ?? []));
    next = page.next;
  } while (next !== undefined);
  return all;
}

const stackEvent = (xml: string): StackEvent => ({
  atMs: Date.parse(element(xml, "Timestamp") ?? ""),
  resource: element(xml, "LogicalResourceId") ?? "",
  status: element(xml, "ResourceStatus") ?? "",
  reason: element(xml, "ResourceStatusReason") ?? "",
});
