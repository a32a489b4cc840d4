/** The admin API's Lambda entry, behind an HTTP API that lets IAM principals in only. */
import { Connection } from "../../aws/connection.ts";
import { ItemRegistry } from "../../core/registry.ts";
import { type ApiGatewayEvent, type ApiGatewayResult, toRequest, toResult } from "../http/api-gateway.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { Admin } from "./admin.ts";

const connection = new Connection(process.env);
const items = connection.items();
const { clock, entropy, logger } = connection;
const admin = new Admin(
  {
    items,
    mailbox: connection.mailbox(),
    registry: new ItemRegistry(items, clock),
    discoverer: connection.discoverer(),
    clock,
    entropy,
    logger,
  },
  { version: PACKAGE_VERSION, ingressEndpoint: connection.optional("ingressUrl") ?? "" },
);

export async function handler(event: ApiGatewayEvent): Promise<ApiGatewayResult> {
  return toResult(await admin.handle(toRequest(event)));
}
