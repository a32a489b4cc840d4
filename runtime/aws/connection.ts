/**
 * The adapters that a Lambda function of the runtime uses, from its environment variables: clients are made once per
 * execution environment, and only those that are asked for. What not every function needs is in modules of its own
 * (`lambda-connection.ts`, `timers-connection.ts`), so that a cold start does not load a client in vain.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { ENVIRONMENT, type EnvironmentVariable } from "../../lib/environment.ts";
import type { Clock, Entropy, Logger } from "../../lib/ports.ts";
import { CLIENT_TIMEOUTS } from "./client-timeouts.ts";
import { DynamoItemStore } from "./dynamo-item-store.ts";
import { EmfMeter } from "./emf-meter.ts";
import { type Environment, lambdaLogger, required } from "../../lib/aws/lambda-environment.ts";
import { PollingWatch } from "./polling-watch.ts";
import { SqsMailbox } from "./sqs-mailbox.ts";

export class Connection {
  readonly clock: Clock = systemClock;
  readonly entropy: Entropy = systemEntropy;
  readonly logger: Logger;
  readonly meter: EmfMeter;
  readonly #environment: Environment;
  #sqs: SQSClient | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.logger = lambdaLogger(environment);
    this.meter = new EmfMeter(environment[ENVIRONMENT.runtimeName], this.clock);
  }

  optional(variable: EnvironmentVariable): string | undefined {
    return this.#environment[ENVIRONMENT[variable]];
  }

  /** Throws `Error` naming the variable that is not set. */
  required(variable: EnvironmentVariable): string {
    return required(this.#environment, variable);
  }

  items(): DynamoItemStore {
    return new DynamoItemStore(new DynamoDBClient(CLIENT_TIMEOUTS), {
      journal: this.required("journalTable"),
      state: this.required("stateTable"),
      registry: this.required("registryTable"),
    });
  }

  mailbox(): SqsMailbox {
    return new SqsMailbox(this.sqs(), this.required("mailboxUrl"));
  }

  watch(): PollingWatch {
    return new PollingWatch(this.clock);
  }

  sqs(): SQSClient {
    return (this.#sqs ??= new SQSClient(CLIENT_TIMEOUTS));
  }
}

/** What an entry needs is made at the first event, and kept: a function whose variables are wrong then says so in the
 * answer to an event, and one that is only initialised pays for nothing. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
