/** Lists, for the admin API alone. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { parseListedParts } from "../../lib/model/listing.ts";
import { CLIENT_TIMEOUTS } from "./client-timeouts.ts";
import type { Connection } from "./connection.ts";
import { DynamoListing } from "./dynamo-listing.ts";

export function listingOf(connection: Connection): DynamoListing {
  const tables = { journal: connection.required("journalTable"), state: connection.required("stateTable") };
  const parts = parseListedParts(connection.optional("listing") ?? "");
  return new DynamoListing(new DynamoDBClient(CLIENT_TIMEOUTS), tables, parts);
}
