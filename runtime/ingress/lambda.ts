/** The ingress's Lambda entry, behind an HTTP API. */
import { Connection, once } from "../aws/connection.ts";
import type { SqsTimers } from "../aws/sqs-timers.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import type { Invoker, Timers } from "../../lib/ports.ts";
import { type ApiGatewayEvent, type ApiGatewayResult, toRequest, toResult } from "../http/api-gateway.ts";
import { Ingress } from "./ingress.ts";
import { CALL_WAIT_MS } from "../../lib/limits/http.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger, meter } = connection;
  const registry = new ItemRegistry(items, clock);
  const watch = connection.watch();
  const ingress = new Ingress(
    {
      items,
      mailbox: connection.mailbox(),
      timers: timers(connection),
      registry,
      watch,
      clock,
      entropy,
      logger,
      meter,
      invoker: invoker(),
    },
    { callWaitMs: CALL_WAIT_MS },
  );
  return { ingress, meter };
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
function invoker(): Invoker {
  let loaded: Invoker | undefined;
  return {
    invoke: async (deployment, request) => {
      if (!loaded) {
        const { lambdaInvoker } = await import("../aws/lambda-connection.ts");
        loaded ??= lambdaInvoker();
      }
      return await loaded.invoke(deployment, request);
    },
  };
}

export async function handler(event: ApiGatewayEvent): Promise<ApiGatewayResult> {
  const { ingress, meter } = connect();
  try {
    return toResult(await ingress.handle(toRequest(event, "ingress")));
  } finally {
    meter.flush();
  }
}
