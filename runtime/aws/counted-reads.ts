/** Counts the read units that DynamoDB says it has taken. Only the admin API wants to know: it says what a query costs. */
import type { Operations } from "../../lib/aws/json-service.ts";

const READS: ReadonlySet<string> = new Set(["GetItem", "Query", "Scan"]);

interface Counted {
  readonly ConsumedCapacity?: { readonly CapacityUnits?: number };
}

export class CountedReads implements Operations {
  readonly #service: Operations;
  #units = 0;

  constructor(service: Operations) {
    this.#service = service;
  }

  /** Since it was made. */
  get units(): number {
    return this.#units;
  }

  async call(operation: string, input: object): Promise<unknown> {
    if (!READS.has(operation)) return await this.#service.call(operation, input);
    const answer = await this.#service.call(operation, { ...input, ReturnConsumedCapacity: "TOTAL" });
    this.#units += (answer as Counted).ConsumedCapacity?.CapacityUnits ?? 0;
    return answer;
  }
}
