/**
 * The ingress's Lambda entry, behind an HTTP API, and behind a function URL if the stack has one. The API ends a request after 30 seconds.
 * The URL waits as long as the function runs, and writes the headers for pages of other origins itself: twice, browsers refuse them.
 */
import { Connection, once } from "../aws/connection.ts";
import type { OwnTables } from "../aws/own-tables-invoker.ts";
import type { SqsTimers } from "../aws/sqs-timers.ts";
import { corsIn, NO_PAGE } from "../../lib/cors.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import type { Invoker, Timers } from "../../lib/ports.ts";
import { type ApiGatewayEvent, type ApiGatewayResult, toRequest, toResult } from "../http/api-gateway.ts";
import { Ingress } from "./ingress.ts";
import { CALL_WAIT_MS, URL_CALL_WAIT_MS } from "../../lib/limits/http.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger, meter } = connection;
  const registry = new ItemRegistry(items, clock);
  const watch = connection.watch();
  const ports = {
    items,
    mailbox: connection.mailbox(),
    timers: timers(connection),
    registry,
    watch,
    clock,
    entropy,
    logger,
    meter,
    invoker: invoker({ items, clock, resources: connection.resources() }),
  };
  const atApi = new Ingress(ports, { callWaitMs: CALL_WAIT_MS, cors: corsIn(process.env) });
  const atUrl = new Ingress(ports, { callWaitMs: URL_CALL_WAIT_MS, cors: NO_PAGE });
  return { atApi, atUrl, meter };
});

/** Loaded with the first delayed send: the Scheduler's client is of no use to any other request. */
function timers(connection: Connection): Timers {
  let loaded: SqsTimers | undefined;
  return {
    schedule: async (timer) => {
      if (!loaded) {
        const { timersOf } = await import("../aws/sqs-timers.ts");
        loaded ??= timersOf(connection);
      }
      await loaded.schedule(timer);
    },
  };
}

/** Loaded with the first call that runs here. */
function invoker(own: OwnTables): Invoker {
  let loaded: Invoker | undefined;
  return {
    invoke: async (deployment, request) => {
      if (!loaded) {
        const { lambdaInvoker } = await import("../aws/lambda-connection.ts");
        loaded ??= lambdaInvoker(own);
      }
      return await loaded.invoke(deployment, request);
    },
  };
}

const isOfUrl = ({ requestContext }: ApiGatewayEvent): boolean =>
  requestContext.domainName?.includes(".lambda-url.") === true;

export async function handler(event: ApiGatewayEvent): Promise<ApiGatewayResult> {
  const { atApi, atUrl, meter } = connect();
  try {
    return toResult(await (isOfUrl(event) ? atUrl : atApi).handle(toRequest(event, "ingress")));
  } finally {
    meter.callEnded();
  }
}
