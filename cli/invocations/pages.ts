/** Invocations from the admin API, page by page. */
import { CLI_PAGE_MAX, CLI_PAGES_MAX } from "../../lib/limits/cli-invocations.ts";
import type { AdminClient } from "../admin-client.ts";
import { CommandError, EXIT } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import type { ListQuery } from "./filters.ts";
import { invocationIn, type InvocationRow } from "./invocation.ts";

export interface Listed {
  readonly rows: readonly InvocationRow[];
  /** More match, or may match. */
  readonly isMore: boolean;
  /** Whether completed ones can be found in the way in which these were found. */
  readonly coversEnded: boolean;
}

export interface PageRequest {
  readonly query: ListQuery;
  /** `Infinity`: all. */
  readonly limit: number;
  /** What the query cannot say. */
  readonly matches?: (row: InvocationRow) => boolean;
  readonly progress?: (found: number) => void;
}

/** Those that match, until there are as many as are wanted. */
export async function listedBy(
  admin: AdminClient,
  { query, limit, matches, progress = () => undefined }: PageRequest,
): Promise<Listed> {
  const rows: InvocationRow[] = [];
  let after: string | undefined;
  let [isMore, coversEnded] = [false, true];
  for (let page = 0; page < CLI_PAGES_MAX; page++) {
    const answer = await admin.fields("GET", "/invocations", {
      query: { ...query, after, limit: matches ? CLI_PAGE_MAX : Math.min(CLI_PAGE_MAX, limit - rows.length) },
    });
    const found = answer
      .objects("invocations")
      .map(invocationIn)
      .filter(matches ?? (() => true));
    const left = limit - rows.length;
    rows.push(...found.slice(0, left));
    coversEnded = answer.list("covers").includes("ended");
    after = answer.optionalText("next");
    isMore = after !== undefined || found.length > left;
    if (after === undefined || rows.length >= limit) break;
    progress(rows.length);
  }
  return { rows, isMore, coversEnded };
}

/** The services that are registered, and whether each has keys. */
export async function registeredServices(
  admin: AdminClient,
): Promise<ReadonlyMap<string, { isKeyed: boolean }>> {
  const answer = await admin.fields("GET", "/services");
  const services = answer.objects("services");
  return new Map(services.map((each) => [each.text("name"), { isKeyed: each.text("ty") !== "Service" }]));
}

/** If nothing was found: perhaps the service's name is wrong. Throws {@link CommandError} that says so. */
export async function checkService(admin: AdminClient, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const names = [...(await registeredServices(admin)).keys()];
  if (names.includes(name)) return;
  throw new CommandError(`there is no service "${name}" at ${admin.address}.${didYouMean(name, names)}`, {
    exitCode: EXIT.nothing,
    advice: names.length === 0 ? "No service is registered yet." : "`perdure services list` shows all.",
  });
}
