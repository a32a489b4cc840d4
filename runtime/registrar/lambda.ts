/** The registrar's Lambda entry. CloudFormation invokes it, and gets its answer over HTTPS. */
import { Connection, once } from "../aws/connection.ts";
import { lambdaDiscoverer } from "../aws/lambda-connection.ts";
import { depthOfQueue } from "../aws/sqs-depth.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { asError } from "../../lib/errors.ts";
import { elapse } from "../../lib/ports.ts";
import { answerTo, type ResourceAnswer, type ResourceEvent } from "./cloudformation.ts";
import { Registrar } from "./registrar.ts";
import { CLOUDFORMATION_ATTEMPTS_MAX, CLOUDFORMATION_PAUSE_MS } from "../../lib/limits/aws.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const { clock, logger } = connection;
  const items = connection.items();
  const registry = new ItemRegistry(items, clock);
  const areExpected = Boolean(connection.optional("ownMailboxes"));
  const moves = {
    areExpected,
    mailboxes: new OwnMailboxes(items, clock, areExpected),
    depth: async (url: string): Promise<number> => await depthOfQueue(connection.sqs(), url),
  };
  const registrar = new Registrar({ registry, discoverer: lambdaDiscoverer(), clock, moves });
  return { clock, logger, registrar };
});

export async function handler(event: ResourceEvent): Promise<void> {
  const { logger, registrar } = connect();
  const answer = await answerTo(event, registrar);
  const { RequestType } = event;
  const { Status, Reason, PhysicalResourceId } = answer;
  logger.log(Status === "SUCCESS" ? "info" : "error", "a registration", {
    request: RequestType,
    function: PhysicalResourceId,
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
