/** What a table's rows are made from, and names that several tables have. */
import type { ServiceType } from "../../../lib/model/manifest.ts";
import type { AdminExchange } from "../ports.ts";
import type { QueryBudget } from "./budget.ts";
import type { Heads } from "./heads.ts";

export interface TableContext {
  readonly exchange: AdminExchange;
  readonly budget: QueryBudget;
  readonly heads: Heads;
}

export const SERVICE_TYPES: Readonly<Record<ServiceType, string>> = {
  service: "service",
  object: "virtual_object",
  workflow: "workflow",
};
