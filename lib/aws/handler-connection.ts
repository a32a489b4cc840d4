/** The adapters of a handler's function, over the light clients (clients.ts). Where its data is, the turn's request says; all else its
 * environment variables do. */
import type { Resources } from "../model/resources.ts";
import type { Timers } from "../ports.ts";
import { GuardTable } from "../store/guard-table.ts";
import { DynamoItems, dynamoRequests } from "./dynamo-items.ts";
import { systemClock } from "../clock.ts";
import { type Environment, ENVIRONMENT, resourcesIn } from "../environment.ts";
import { dynamoService, httpTo, sqsService } from "./clients.ts";
import { DelayQueue } from "./delay-queue.ts";
import { DirectInvoker } from "./direct-invoker.ts";
import { QueueMailbox } from "./queue-mailbox.ts";
import { sqsRequests } from "./sqs-requests.ts";

export interface HandlerConnection {
  readonly items: DynamoItems;
  readonly mailbox: QueueMailbox;
  /** For guards. Absent: the function's stack is of an earlier version. */
  readonly timers?: Timers;
  /** For calls in memory. Absent: all go by the queue. */
  readonly invoker?: DirectInvoker;
}

/** `resources`: by default what the variables name. Throws `Error` with the name of a variable that is not set. */
export function connectHandler(
  environment: Environment,
  resources: Resources = resourcesIn(environment),
): HandlerConnection {
  const { journalTable: journal, stateTable: state, registryTable: registry, mailboxUrl } = resources;
  const sqs = sqsRequests(sqsService(environment, mailboxUrl));
  // Without the variable the stack has given no access to it, and the manifest says that turns set no guards.
  const delayQueueUrl = environment[ENVIRONMENT.delayQueueUrl] && resources.delayQueueUrl;
  const directAlias = environment[ENVIRONMENT.directAlias];
  const guards = guardTableOf(environment, resources);
  const items = new DynamoItems(dynamoRequests(dynamoService(environment)), {
    ...{ journal, state, registry, guards },
  });
  const guarded = (timers: Timers): Timers =>
    guards === undefined ? timers : new GuardTable({ items, timers, clock: systemClock });
  return {
    items,
    mailbox: new QueueMailbox(sqs.SendMessageBatch, mailboxUrl),
    ...(delayQueueUrl
      ? { timers: guarded(new DelayQueue(sqs.SendMessage, delayQueueUrl, systemClock)) }
      : {}),
    ...(directAlias
      ? { invoker: new DirectInvoker(httpTo(environment, "lambda"), directAlias, resources) }
      : {}),
  };
}

/** The data that a request names may have moved since the variables were written, and with it the table of guards. */
const guardTableOf = (environment: Environment, { journalTable }: Resources): string | undefined =>
  environment[ENVIRONMENT.journalTable] === journalTable ? environment[ENVIRONMENT.guardTable] : undefined;
