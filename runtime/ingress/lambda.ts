/**
 * The ingress's Lambda entry, behind an HTTP API, and behind a function URL if the stack has one. The API ends a request after 30 seconds.
 * The URL waits as long as the function runs, and writes the headers for pages of other origins itself: twice, browsers refuse them.
 */
import { Connection, early } from "../aws/connection.ts";
import { functionTraces } from "../aws/function-traces.ts";
import { lambdaInvoker } from "../aws/lambda-connection.ts";
import { timersOf } from "../aws/sqs-timers.ts";
import { corsIn, NO_PAGE } from "../../lib/cors.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { type ApiGatewayEvent, type ApiGatewayResult, toRequest, toResult } from "../http/api-gateway.ts";
import { Ingress } from "./ingress.ts";
import { CALL_WAIT_MS, URL_CALL_WAIT_MS } from "../../lib/limits/http.ts";

const traces = await functionTraces(process.env);

const connect = await early(
  () => {
    const connection = new Connection(process.env);
    const items = connection.items();
    const { clock, entropy, logger, meter } = connection;
    const registry = new ItemRegistry(items, clock);
    const watch = connection.watch();
    const turns = lambdaInvoker(connection.environment, { items, clock, resources: connection.resources() });
    traces.measure(meter);
    const ports = {
      ...{ items, mailbox: connection.mailbox(), timers: timersOf(connection), registry, watch },
      ...{
        clock,
        entropy,
        logger,
        meter,
        ...{ invoker: traces.watching(turns), isTraced: traces.engine !== undefined },
      },
    };
    const atApi = new Ingress(ports, { callWaitMs: CALL_WAIT_MS, cors: corsIn(process.env) });
    const atUrl = new Ingress(ports, { callWaitMs: URL_CALL_WAIT_MS, cors: NO_PAGE });
    return { atApi, atUrl, meter };
  },
  "dynamodb",
  "lambda",
  "sqs",
);

const isOfUrl = ({ requestContext }: ApiGatewayEvent): boolean =>
  requestContext.domainName?.includes(".lambda-url.") === true;

export async function handler(event: ApiGatewayEvent): Promise<ApiGatewayResult> {
  const { atApi, atUrl, meter } = connect();
  try {
    return toResult(await (isOfUrl(event) ? atUrl : atApi).handle(toRequest(event, "ingress")));
  } finally {
    await traces.answered();
    meter.callEnded();
  }
}
