/**
 * Makes the adapters that a Lambda function of the runtime uses, from its environment variables. Each client is made once
 * per execution environment, and only if it is asked for.
 *
 * Every function needs DynamoDB and SQS. The other clients are loaded by modules of their own, so that a cold start loads
 * none in vain: Lambda's by lambda-connection.ts, EventBridge Scheduler's by sqs-timers.ts.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import {
  type Environment,
  ENVIRONMENT,
  type EnvironmentVariable,
  required,
  resourcesIn,
} from "../../lib/environment.ts";
import type { Clock, Entropy, Logger } from "../../lib/ports.ts";
import { AWS_CONNECT_MS_MAX, AWS_REQUEST_MS_MAX } from "../../lib/limits/aws.ts";
import type { Resources } from "../../lib/model/resources.ts";
import { parseListedParts } from "../../lib/model/listing.ts";
import { DynamoListing } from "./dynamo-listing.ts";
import { DynamoItemStore } from "./dynamo-item-store.ts";
import { EmfMeter } from "./emf-meter.ts";
import { lambdaLogger } from "./lambda-logger.ts";
import { PollingWatch } from "./polling-watch.ts";
import { SqsMailbox } from "./sqs-mailbox.ts";

/** For a client of AWS's own. */
export const CLIENT_TIMEOUTS = {
  requestHandler: {
    connectionTimeout: AWS_CONNECT_MS_MAX,
    requestTimeout: AWS_REQUEST_MS_MAX,
    throwOnRequestTimeout: true,
  },
} as const;

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

  /** What the turns that this function runs are told. */
  resources(): Resources {
    return resourcesIn(this.#environment);
  }

  items(): DynamoItemStore {
    return new DynamoItemStore(new DynamoDBClient(CLIENT_TIMEOUTS), {
      journal: this.required("journalTable"),
      state: this.required("stateTable"),
      registry: this.required("registryTable"),
    });
  }

  /** By default the runtime's. */
  mailbox(url = this.required("mailboxUrl")): SqsMailbox {
    return new SqsMailbox(this.sqs(), url);
  }

  watch(): PollingWatch {
    return new PollingWatch(this.clock);
  }

  sqs(): SQSClient {
    return (this.#sqs ??= new SQSClient(CLIENT_TIMEOUTS));
  }
}

/** Lists, which the admin API alone has. */
export function listingOf(connection: Connection): DynamoListing {
  const tables = { journal: connection.required("journalTable"), state: connection.required("stateTable") };
  const parts = parseListedParts(connection.optional("listing") ?? "");
  return new DynamoListing(new DynamoDBClient(CLIENT_TIMEOUTS), tables, parts);
}

/** Makes what an entry needs at the first event, and keeps it. So a function whose variables are wrong says so in the
 * answer to an event, and one that is only initialised pays for nothing. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
