/** The keys of an object that have state, page by page. */
import { STATE_LIST_REQUESTS_MAX } from "../../lib/limits/cli.ts";
import { STATE_KEYS_MAX } from "../../lib/limits/http.ts";
import { type AdminClient, path, Refusal } from "../admin-client.ts";
import type { Cli } from "../cli.ts";
import { assertHasState } from "./stored-state.ts";

interface KeySearch {
  readonly prefix: string;
  /** `Infinity`: all keys, however many requests it takes. */
  readonly most: number;
}

/** As far as the search goes. In AWS a key may come twice, and a page may be empty although there are more. */
export async function keysWithState(
  cli: Cli,
  service: string,
  { prefix, most }: KeySearch,
): Promise<{ readonly keys: readonly string[]; readonly isComplete: boolean }> {
  const admin = await cli.admin();
  const requests = most === Infinity ? Infinity : STATE_LIST_REQUESTS_MAX;
  const keys = new Set<string>();
  let after: string | undefined;
  for (let asked = 0; asked < requests; asked++) {
    const page = await pageOf(admin, service, after);
    for (const key of page.keys) {
      if (!key.startsWith(prefix) || keys.has(key)) continue;
      if (keys.size >= most) return { keys: [...keys], isComplete: false };
      keys.add(key);
    }
    after = page.next;
    if (after === undefined) break;
    cli.out.progress(`${keys.size} keys so far`);
  }
  cli.out.progressDone();
  return { keys: [...keys], isComplete: after === undefined };
}

async function pageOf(admin: AdminClient, service: string, after: string | undefined) {
  const query = { limit: STATE_KEYS_MAX, after };
  try {
    const page = await admin.fields("GET", path`/services/${service}/state`, { query });
    const keys = page.list("keys").filter((key) => typeof key === "string");
    return { keys, next: page.optionalText("next") };
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) await assertHasState(admin, service);
    throw error;
  }
}
