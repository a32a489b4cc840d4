/** What the list of keys is made of: the locks, the keys that have state, and how much of it. */
import { useState } from "preact/hooks";
import { askFields, path, query, sqlText } from "../../admin/client.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import { heldKeyOf, heldKeysSql, keyId, type ListedKey, listedKeys, type Size } from "./held-keys.ts";

const KEYS_A_PAGE = 100;
const KEYS_MAX = 1000;
/** Of so many services keys with state are looked for at once, where none is chosen. */
const SERVICES_MAX = 8;
const KEYS_OF_EACH = 25;
/** Only once: in AWS looking for keys is a scan. */
const ONCE_MS = 24 * 60 * 60 * 1000;

export interface KeysPage {
  readonly loaded: Loaded<readonly ListedKey[]>;
  readonly more: boolean;
  readonly moreText: string;
  readonly loadMore: () => void;
  /** Services whose keys were not looked for. */
  readonly skipped: number;
}

interface Wanted {
  readonly services: readonly string[];
  readonly service: string | undefined;
  readonly isAws: boolean;
}

interface WithState {
  readonly keys: readonly { readonly service: string; readonly key: string }[];
  readonly more: boolean;
}
const NONE: WithState = { keys: [], more: false };
const NO_SIZES: ReadonlyMap<string, Size> = new Map();

export function useKeysPage(wanted: Wanted): KeysPage {
  const { services, service, isAws } = wanted;
  const [limit, setLimit] = useState(firstLimit(wanted));
  const asked = service === undefined ? services.slice(0, SERVICES_MAX) : [service];
  const where = service === undefined ? "" : `WHERE service_name = ${sqlText(service)}`;
  const held = useLive(`held ${where}`, async (signal) =>
    (await query(heldKeysSql(where), { signal })).map(heldKeyOf),
  );
  const state = useLive(
    `keys ${limit} ${asked.join(" ")}`,
    async (signal) => {
      const found = await keysOfAll(asked, limit, signal);
      return { ...found, sizes: isAws ? NO_SIZES : await sizesOf(found.keys, signal) };
    },
    isAws ? ONCE_MS : EVERY_MS.counts,
  );
  const { keys, sizes, more } = state.data ?? { ...NONE, sizes: NO_SIZES };
  const looked = state.data !== undefined || state.error !== undefined;
  return {
    loaded: { ...held, data: looked && held.data ? listedKeys(held.data, keys, sizes) : undefined },
    more: (limit === 0 || more) && limit < KEYS_MAX,
    moreText: limit === 0 ? "Look for keys with state: a scan of the state table" : "More keys",
    loadMore: () => setLimit(Math.min(KEYS_MAX, limit + KEYS_A_PAGE)),
    skipped: services.length > asked.length && service === undefined ? services.length - asked.length : 0,
  };
}

/** 0: none are looked for until somebody asks. */
const firstLimit = ({ service, isAws }: Wanted): number => {
  if (isAws) return 0;
  return service === undefined ? KEYS_OF_EACH : KEYS_A_PAGE;
};

async function keysOfAll(
  services: readonly string[],
  limit: number,
  signal: AbortSignal,
): Promise<WithState> {
  if (limit === 0) return NONE;
  const pages = await Promise.all(services.map((name) => keysOf(name, limit, signal)));
  return { keys: pages.flatMap((page) => page.keys), more: pages.some((page) => page.more) };
}

async function keysOf(service: string, limit: number, signal: AbortSignal): Promise<WithState> {
  const answer = await askFields(`${path`/services/${service}/state`}?limit=${limit}`, { signal });
  const keys = answer.list("keys").filter((key) => typeof key === "string");
  return { keys: keys.map((key) => ({ service, key })), more: answer.optionalText("next") !== undefined };
}

async function sizesOf(keys: WithState["keys"], signal: AbortSignal): Promise<ReadonlyMap<string, Size>> {
  if (keys.length === 0) return new Map();
  const inList = (texts: readonly string[]): string => [...new Set(texts)].map(sqlText).join(", ");
  const rows = await query(
    "SELECT service_name, service_key, count(*) AS names, sum(value_length) AS bytes FROM state " +
      `WHERE service_name IN (${inList(keys.map(({ service }) => service))}) ` +
      `AND service_key IN (${inList(keys.map(({ key }) => key))}) GROUP BY 1, 2`,
    { signal },
  );
  return new Map(
    rows.map((row) => {
      const at = { service: row.text("service_name"), key: row.optionalText("service_key") ?? "" };
      return [keyId(at), { names: row.number("names"), bytes: row.optionalNumber("bytes") ?? 0 }];
    }),
  );
}
