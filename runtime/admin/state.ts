/** `GET /services/{service}/state/{key}`: all state of one object or workflow key. */
import { statePartition } from "../../lib/ids.ts";
import { jsonResponse } from "../http/message.ts";
import type { Exchange, Handling } from "./ports.ts";
import { type BytesView, viewBytes } from "./value-view.ts";

interface StateView extends BytesView {
  readonly name: string;
  readonly bytes: number;
}

/** A key without state has an empty list: nobody can tell it from one that was never used. */
export async function describeState({ ports: { items } }: Exchange, service: string, key: string): Handling {
  const state: StateView[] = [];
  let after: string | undefined;
  do {
    const page = await items.query(
      "state",
      statePartition(service, key),
      "",
      after === undefined ? {} : { after },
    );
    for (const { sk, attributes } of page.items) {
      const value = attributes["val"];
      // A cleared name leaves a tombstone, which holds no value.
      if (value instanceof Uint8Array) state.push({ name: sk, bytes: value.byteLength, ...viewBytes(value) });
    }
    after = page.next;
  } while (after !== undefined);
  return jsonResponse(200, { service, key, state });
}
