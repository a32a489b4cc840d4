/** The admin API's Lambda entry: behind an HTTP API that lets IAM principals in only, or invoked by operators themselves. */
import { Connection, listingOf, once } from "../aws/connection.ts";
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
import { Admin } from "./admin.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger } = connection;
  const registry = new ItemRegistry(items, clock);
  const discoverer = lambdaDiscoverer(connection.environment);
  return new Admin(
    {
      ...{ items, mailbox: connection.mailbox(), registry, discoverer },
      ...{ listing: listingOf(connection), clock, entropy, logger },
    },
    { version: PACKAGE_VERSION, ingressEndpoint: connection.optional("ingressUrl") ?? "" },
  );
});

export async function handler(
  event: ApiGatewayEvent | DirectEvent,
): Promise<ApiGatewayResult | DirectResult> {
  if (isDirectEvent(event)) return directResult(await connect().handle(directRequest(event)));
  return toResult(await connect().handle(toRequest(event, "admin")));
}
