/** A depot whose parcels wait, fail and end, under names that try to break the page that shows them. */
import type { Page } from "playwright-core";
import { join } from "node:path";
import { Server } from "../../e2e/server.ts";
import { untilShown } from "./browser.ts";

export const DEPOT_FILE = join(import.meta.dirname, "../fixtures/hostile.ts");

/** Each tries to break the page that shows it, in its own way. By how the page shows it. */
export const HOSTILE: ReadonlyMap<string, string> = new Map([
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ['"><svg/onload=alert(2)>', '"><svg/onload=alert(2)>'],
  ["a\u202Etxt.exe", "a⟨U+202E⟩txt.exe"],
  ["two\nlines", "two⟨U+000A⟩lines"],
  ["..", ".."],
  ["", "empty"],
  ["a/b?c=d&e#f", "a/b?c=d&e#f"],
  ["🎄-gift-🧦", "🎄-gift-🧦"],
  ["שלום-עולם", "שלום-עולם"],
  ["constructor", "constructor"],
  ["k".repeat(1000), "k".repeat(1000)],
]);

/** Those of the list of invocations. */
export const rows = (page: Page) => page.locator("tr[data-id]");
export const idsOn = async (page: Page): Promise<(string | null)[]> =>
  await Promise.all((await rows(page).all()).map((row) => row.getAttribute("data-id")));

export async function openDepot(): Promise<Server> {
  const server = await Server.start({ file: DEPOT_FILE });
  for (const key of HOSTILE.keys()) await server.call("/Carrier/forward", key);
  await server.send("/Parcel/held/hold");
  await statusOf(server, "suspended", 1);
  for (const turn of [1, 2, 3]) await server.send("/Parcel/held/move", turn);
  await server.send("/Carrier/pickup", "connect ECONNREFUSED <b>10.0.3.17</b>");
  await server.send("/Carrier/drive", 120);
  await server.call("/Carrier/wave", "Ada");
  await statusOf(server, "pending", 3);
  await statusOf(server, "backing-off", 1);
  return server;
}

/** The ids of all that have a status, once there are so many. */
export async function statusOf(server: Server, status: string, count: number): Promise<readonly string[]> {
  return await untilShown(
    async () => {
      const { invocations } = (await server.admin(`/invocations?status=${status}`)) as {
        invocations: { id: string }[];
      };
      return invocations.map(({ id }) => id);
    },
    (ids) => ids.length >= count,
  );
}
