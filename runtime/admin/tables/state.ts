/** `state`: the values of objects and workflows, by service and key. */
import { QUERY_STATE_BYTES_MAX, QUERY_STATE_KEYS_PAGE } from "../../../lib/limits/query.ts";
import type { RegisteredService } from "../../../lib/model/manifest.ts";
import { EMPTY } from "../../../lib/model/outcome.ts";
import { STATE_EDIT, visitState } from "../../../lib/store/state-edit.ts";
import { readState } from "../../../lib/store/state-store.ts";
import { valuesFor } from "../../query/predicate.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import type { TableContext } from "./context.ts";

const VALUE_COLUMNS = ["value", "value_utf8"] as const;

export async function keyedStateRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const rows = new Map<string, Row>();
  const needsValue = VALUE_COLUMNS.some((column) => request.columns.has(column));
  const room = { bytes: QUERY_STATE_BYTES_MAX };
  for (const { predicates } of request.mentions) {
    const wanted = valuesFor(predicates, "service_name");
    const services = await context.exchange.ports.registry.services();
    for (const service of services) {
      if (service.type === "service" || (wanted && !wanted.includes(service.name))) continue;
      for await (const key of keysOf(context, service.name, valuesFor(predicates, "service_key"))) {
        for (const row of await rowsOf(context, service, key, { needsValue, room }))
          rows.set(JSON.stringify([service.name, key, row["key"]]), row);
      }
    }
  }
  return [...rows.values()];
}

/** Keys of a service that are named, or else all that have state. */
export async function* keysOf(
  { exchange, budget }: TableContext,
  service: string,
  named: readonly string[] | undefined,
): AsyncGenerator<string> {
  if (named) return yield* named;
  const { listing } = exchange.ports;
  if (!listing) return budget.lacks(`keys of ${service}: they cannot be listed here; name them`);
  const seen = new Set<string>();
  let after: string | undefined;
  do {
    const end = budget.end;
    if (end !== undefined) return budget.lacks(`keys of ${service} that come later: ${end}`);
    const page = await listing.keys(service, {
      limit: QUERY_STATE_KEYS_PAGE,
      ...(after === undefined ? {} : { after }),
    });
    budget.count(page.keys.length, budget.isPaid ? "scan" : "index");
    for (const key of page.keys) {
      if (!seen.has(key)) yield key;
      seen.add(key);
    }
    after = page.next;
  } while (after !== undefined);
}

async function rowsOf(
  { exchange: { ports }, budget }: TableContext,
  { name: service, type }: RegisteredService,
  key: string,
  { needsValue, room }: { readonly needsValue: boolean; readonly room: { bytes: number } },
): Promise<readonly Row[]> {
  const end = budget.end;
  if (end !== undefined) {
    budget.lacks(`state of ${service}/${key}: ${end}`);
    return [];
  }
  const rows: Row[] = [];
  await visitState(ports, { name: service, type }, key, async (name, content) => {
    budget.count(1, "keys");
    if (!content) return;
    const length = content instanceof Uint8Array ? content.byteLength : content.bytes;
    const row = {
      service_name: service,
      service_key: key,
      key: name,
      key_length: Buffer.byteLength(name),
      value_length: length,
    };
    if (!needsValue || length > room.bytes) {
      if (needsValue) budget.lacks(`values of state beyond ${QUERY_STATE_BYTES_MAX} bytes together`);
      rows.push(row);
      return;
    }
    const subject = { target: { service, handler: STATE_EDIT, key }, type };
    const value =
      content instanceof Uint8Array ? content : ((await readState(ports, subject, name, 0)) ?? EMPTY);
    room.bytes -= value.byteLength;
    rows.push({ ...row, value, value_utf8: utf8In(value) });
  });
  return rows;
}

/** `undefined` if the bytes are no text. */
export function utf8In(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
