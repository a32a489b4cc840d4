/**
 * The adapters that a Lambda function of the runtime uses, from its environment variables: clients are made once per
 * execution environment, and only those that are asked for.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import { ENVIRONMENT, type EnvironmentVariable } from "../lib/environment.ts";
import type { Clock, Entropy, Logger } from "../lib/ports.ts";
import { DynamoItemStore } from "./dynamo-item-store.ts";
import { type Environment, jsonLogger, lambdaClock, lambdaEntropy, required } from "./environment.ts";
import { LambdaDiscoverer } from "./lambda-discoverer.ts";
import { LambdaInvoker } from "./lambda-invoker.ts";
import { LambdaVersions } from "./lambda-versions.ts";
import { PollingWatch } from "./polling-watch.ts";
import { SqsMailbox } from "./sqs-mailbox.ts";
import { SqsTimers } from "./sqs-timers.ts";

export class Connection {
  readonly clock: Clock = lambdaClock;
  readonly entropy: Entropy = lambdaEntropy;
  readonly logger: Logger;
  readonly #environment: Environment;
  #sqs: SQSClient | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.logger = jsonLogger(environment[ENVIRONMENT.logLevel]);
  }

  optional(variable: EnvironmentVariable): string | undefined {
    return this.#environment[ENVIRONMENT[variable]];
  }

  items(): DynamoItemStore {
    return new DynamoItemStore(new DynamoDBClient({}), {
      journal: this.#required("journalTable"),
      state: this.#required("stateTable"),
      registry: this.#required("registryTable"),
    });
  }

  mailbox(): SqsMailbox {
    return new SqsMailbox(this.#queueClient(), this.#required("mailboxUrl"));
  }

  timers(): SqsTimers {
    const delayQueueMsMax = this.optional("delayQueueMsMax");
    return new SqsTimers({
      sqs: this.#queueClient(),
      scheduler: new SchedulerClient({}),
      delayQueueUrl: this.#required("delayQueueUrl"),
      delayQueueArn: this.#required("delayQueueArn"),
      scheduleGroup: this.#required("scheduleGroup"),
      schedulerRoleArn: this.#required("schedulerRoleArn"),
      clock: this.clock,
      ...(delayQueueMsMax === undefined ? {} : { delayQueueMsMax: Number(delayQueueMsMax) }),
    });
  }

  invoker(): LambdaInvoker {
    return new LambdaInvoker(new LambdaClient({ maxAttempts: 1 }));
  }

  discoverer(): LambdaDiscoverer {
    return new LambdaDiscoverer(new LambdaClient({}));
  }

  versions(): LambdaVersions {
    return new LambdaVersions(new LambdaClient({}));
  }

  watch(): PollingWatch {
    return new PollingWatch(this.clock);
  }

  #required(variable: EnvironmentVariable): string {
    return required(this.#environment, variable);
  }

  #queueClient(): SQSClient {
    return (this.#sqs ??= new SQSClient({}));
  }
}
