/** The registrar's Lambda entry. CloudFormation invokes it, and gets its answer over HTTPS. */
import { Connection, listingOf, once } from "../aws/connection.ts";
import { lambdaDiscoverer, lambdaPublisher, lambdaRehearser } from "../aws/lambda-connection.ts";
import { depthOfQueue } from "../aws/sqs-depth.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { asError } from "../../lib/errors.ts";
import { elapse, type ItemStore } from "../../lib/ports.ts";
import { answerTo, type ResourceAnswer, type ResourceEvent } from "./cloudformation.ts";
import { InTime } from "./in-time.ts";
import { Registrar } from "./registrar.ts";
import {
  CLOUDFORMATION_ANSWER_MS,
  CLOUDFORMATION_ATTEMPTS_MAX,
  CLOUDFORMATION_PAUSE_MS,
  CLOUDFORMATION_SEND_MS_MAX,
  FUNCTION_DISCOVERY_ATTEMPTS_MAX,
} from "../../lib/limits/aws.ts";

/** What is needed of Lambda's context. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

const connect = once(() => {
  const connection = new Connection(process.env);
  const { clock, logger } = connection;
  return {
    ...{ clock, logger, connection, items: connection.items() },
    discoverer: lambdaDiscoverer(connection.environment, FUNCTION_DISCOVERY_ATTEMPTS_MAX),
    versions: lambdaPublisher(connection.environment),
    rehearser: lambdaRehearser(connection.environment),
    listing: listingOf(connection),
  };
});

/** It changes nothing any more when the time is over. What was not done by then would go on with the next event. */
function partsUntil(atMs: number): { readonly registrar: Registrar; readonly items: ItemStore } {
  const { clock, connection, discoverer, versions, items: held } = connect();
  const inTime = new InTime(clock, atMs);
  const items = inTime.items(held);
  const areExpected = Boolean(connection.optional("ownMailboxes"));
  const moves = {
    areExpected,
    mailboxes: new OwnMailboxes(items, clock, areExpected),
    depth: async (url: string): Promise<number> => await depthOfQueue(connection.sqs(), url),
  };
  const registry = new ItemRegistry(items, clock);
  const { rehearser, listing } = connect();
  const { entropy, logger } = connection;
  const gate = { listing, rehearser, items, clock, entropy, logger, untilMs: atMs };
  const ports = { registry, discoverer, clock, moves, gate, versions: inTime.versions(versions) };
  return { registrar: new Registrar(ports), items };
}

export async function handler(event: ResourceEvent, context: LambdaContext): Promise<void> {
  const { clock, logger } = connect();
  const leftMs = context.getRemainingTimeInMillis() - CLOUDFORMATION_ANSWER_MS;
  const { registrar, items } = partsUntil(clock.now() + leftMs);
  const answer = await answerTo(event, registrar, { clock, leftMs, items });
  const { RequestType } = event;
  const { Status, Reason, PhysicalResourceId, Data } = answer;
  logger.log(Status === "SUCCESS" ? "info" : "error", "a registration", {
    request: RequestType,
    resource: PhysicalResourceId,
    version: Data?.["Version"],
    status: Status,
    reason: Reason,
  });
  await send(event.ResponseURL, answer);
}

async function send(url: string, answer: ResourceAnswer): Promise<void> {
  const { clock, logger } = connect();
  for (let attempt = 1; ; attempt++) {
    try {
      // The URL is signed for a request without a content type.
      const { ok, status } = await fetch(url, {
        method: "PUT",
        headers: { "content-type": "" },
        body: JSON.stringify(answer),
        signal: AbortSignal.timeout(CLOUDFORMATION_SEND_MS_MAX),
      });
      if (ok) return;
      throw new Error(`CloudFormation answered ${status}`);
    } catch (error) {
      if (attempt === CLOUDFORMATION_ATTEMPTS_MAX) throw error;
      logger.log("warn", "the answer to CloudFormation is sent again", { reason: asError(error).message });
      await elapse(clock, CLOUDFORMATION_PAUSE_MS);
    }
  }
}
