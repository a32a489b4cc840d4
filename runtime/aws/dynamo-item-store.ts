/** The item store over AWS's own DynamoDB client. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Table } from "../../lib/model/item.ts";
import { DynamoItems, type DynamoItemStoreOptions, type DynamoRequests } from "../../lib/aws/dynamo-items.ts";

export class DynamoItemStore extends DynamoItems {
  constructor(
    client: DynamoDBClient,
    tables: Readonly<Record<Table, string>>,
    options: DynamoItemStoreOptions = {},
  ) {
    super(requestsOf(client), tables, options);
  }
}

const requestsOf = (client: DynamoDBClient): DynamoRequests => ({
  GetItem: (input) => client.send(new GetItemCommand(input)),
  PutItem: (input) => client.send(new PutItemCommand(input)),
  UpdateItem: (input) => client.send(new UpdateItemCommand(input)),
  DeleteItem: (input) => client.send(new DeleteItemCommand(input)),
  Query: (input) => client.send(new QueryCommand(input)),
  Scan: (input) => client.send(new ScanCommand(input)),
});
