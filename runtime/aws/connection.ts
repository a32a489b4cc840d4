/**
 * Makes the adapters that a Lambda function of the runtime uses, from its environment variables. Each client is made once
 * per execution environment, and only if it is asked for. All are light: the AWS SDK is not loaded
 * (docs/decisions/0030-the-runtime-without-the-sdk.md).
 */
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
import { dynamoService, openTo, sqsService } from "../../lib/aws/clients.ts";
import { DynamoItems, dynamoRequests, type DynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { QueueMailbox } from "../../lib/aws/queue-mailbox.ts";
import { sqsRequests, type SqsRequests } from "../../lib/aws/sqs-requests.ts";
import type { Resources } from "../../lib/model/resources.ts";
import { parseListedParts } from "../../lib/model/listing.ts";
import { CountedReads } from "./counted-reads.ts";
import { DynamoListing } from "./dynamo-listing.ts";
import { EmfMeter } from "./emf-meter.ts";
import { lambdaLogger } from "./lambda-logger.ts";
import { PollingWatch } from "./polling-watch.ts";

export class Connection {
  readonly clock: Clock = systemClock;
  readonly entropy: Entropy = systemEntropy;
  readonly logger: Logger;
  readonly meter: EmfMeter;
  readonly environment: Environment;
  #dynamo: DynamoRequests | undefined;
  #sqs: SqsRequests | undefined;

  constructor(environment: Environment) {
    this.environment = environment;
    this.logger = lambdaLogger(environment);
    this.meter = new EmfMeter(environment[ENVIRONMENT.runtimeName], this.clock);
  }

  optional(variable: EnvironmentVariable): string | undefined {
    return this.environment[ENVIRONMENT[variable]];
  }

  /** Throws `Error` naming the variable that is not set. */
  required(variable: EnvironmentVariable): string {
    return required(this.environment, variable);
  }

  /** What the turns that this function runs are told. */
  resources(): Resources {
    return resourcesIn(this.environment);
  }

  items(): DynamoItems {
    return new DynamoItems(this.dynamo(), {
      journal: this.required("journalTable"),
      state: this.required("stateTable"),
      registry: this.required("registryTable"),
      guards: this.optional("guardTable"),
    });
  }

  /** By default the runtime's. */
  mailbox(url = this.required("mailboxUrl")): QueueMailbox {
    return new QueueMailbox(this.sqs().SendMessageBatch, url);
  }

  watch(): PollingWatch {
    return new PollingWatch(this.clock);
  }

  dynamo(): DynamoRequests {
    return (this.#dynamo ??= dynamoRequests(dynamoService(this.environment)));
  }

  /** What is read from now on is counted. Returns how many read units it was so far. */
  countReads(): () => number {
    const counted = new CountedReads(dynamoService(this.environment));
    this.#dynamo = dynamoRequests(counted);
    return () => counted.units;
  }

  sqs(): SqsRequests {
    return (this.#sqs ??= sqsRequests(sqsService(this.environment, this.required("mailboxUrl"))));
  }
}

/** Lists, which the admin API alone has. */
export function listingOf(connection: Connection): DynamoListing {
  const tables = { journal: connection.required("journalTable"), state: connection.required("stateTable") };
  const parts = parseListedParts(connection.optional("listing") ?? "");
  return new DynamoListing(connection.dynamo(), tables, parts);
}

/** Makes what an entry needs at the first event, and keeps it. So a function whose variables are wrong says so in the
 * answer to an event. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/**
 * The same, for entries that callers wait for. In Lambda it makes it at once, while the function initialises, and opens the
 * connections that any event needs.
 */
export async function early<T>(make: () => T, ...services: readonly string[]): Promise<() => T> {
  const made = once(make);
  if (process.env["AWS_LAMBDA_FUNCTION_NAME"] === undefined) return made;
  try {
    made();
    await openTo(process.env, ...services);
  } catch {
    // The first event says it.
  }
  return made;
}
