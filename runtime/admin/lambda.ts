/** The admin API's Lambda entry: behind an HTTP API that lets IAM principals in only, or invoked by operators themselves. */
import { Connection, listingOf, once } from "../aws/connection.ts";
import { functionTraces } from "../aws/function-traces.ts";
import { lambdaDiscoverer } from "../aws/lambda-connection.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { type ApiGatewayEvent, type ApiGatewayResult, toRequest, toResult } from "../http/api-gateway.ts";
import {
  type DirectEvent,
  directRequest,
  type DirectResult,
  directResult,
  isDirectEvent,
} from "../http/direct-event.ts";
import {
  ADMIN_MEMORY_BYTES,
  QUERY_MEMORY_BYTES_MAX,
  QUERY_MEMORY_BYTES_MIN,
} from "../../lib/limits/query.ts";
import { Admin } from "./admin.ts";

const traces = await functionTraces(process.env);

const connect = once(() => {
  const connection = new Connection(process.env);
  const readUnits = connection.countReads();
  const items = connection.items();
  const { clock, entropy, logger } = connection;
  const registry = new ItemRegistry(items, clock);
  const discoverer = lambdaDiscoverer(connection.environment);
  return new Admin(
    {
      ...{ items, mailbox: connection.mailbox(), registry, discoverer },
      ...{ listing: listingOf(connection), clock, entropy, logger, readUnits },
      traces: traces.engine,
    },
    {
      ...{ version: PACKAGE_VERSION, ingressEndpoint: connection.optional("ingressUrl") ?? "" },
      environment: {
        kind: "aws",
        name: connection.optional("runtimeName"),
        region: connection.environment["AWS_REGION"],
      },
      queryMemoryBytesMax: memoryForQueries(process.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
    },
  );
});

/** What is left to a query's process of the function's memory, which the function says in MB. */
function memoryForQueries(functionMb = ""): number {
  const left = Number(functionMb) * 1024 * 1024 - ADMIN_MEMORY_BYTES;
  return Math.min(QUERY_MEMORY_BYTES_MAX, Math.max(left, QUERY_MEMORY_BYTES_MIN));
}

export async function handler(
  event: ApiGatewayEvent | DirectEvent,
): Promise<ApiGatewayResult | DirectResult> {
  try {
    if (isDirectEvent(event)) return directResult(await connect().handle(directRequest(event)));
    return toResult(await connect().handle(toRequest(event, "admin")));
  } finally {
    await traces.answered();
  }
}
