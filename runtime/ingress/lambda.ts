/** The ingress's Lambda entry, behind an HTTP API. */
import { Connection, once } from "../../aws/connection.ts";
import { ItemRegistry } from "../../core/registry.ts";
import { type ApiGatewayEvent, type ApiGatewayResult, toRequest, toResult } from "../http/api-gateway.ts";
import { CALL_WAIT_MS, Ingress } from "./ingress.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger } = connection;
  const registry = new ItemRegistry(items, clock);
  const watch = connection.watch();
  return new Ingress(
    { items, mailbox: connection.mailbox(), registry, watch, clock, entropy, logger },
    { callWaitMs: CALL_WAIT_MS },
  );
});

export async function handler(event: ApiGatewayEvent): Promise<ApiGatewayResult> {
  return toResult(await connect().handle(toRequest(event, "ingress")));
}
