/** `perdure open`: the link of the web UI, of one of its pages, or of an invocation. */
import { openInBrowser } from "../browser.ts";
import type { Cli } from "../cli.ts";

const UI = "/ui";

/** The UI's pages that have no object of their own. */
const PAGES = ["invocations", "objects", "services", "playground", "deployments", "timers", "sql"];

export async function openLink(cli: Cli, what: string | undefined, inBrowser: boolean): Promise<void> {
  const admin = await cli.admin();
  const hasUi = admin.address.startsWith("http") && (await admin.raw("GET", `${UI}/`)).status < 400;
  const link = hasUi ? `${admin.address}${UI}${placeOf(what)}` : `${admin.address}${pathOf(what)}`;
  await cli.out.show({ link, ui: hasUi }, () => [link]);
  if (!hasUi) return cli.out.note("This server has no web UI of its own: `perdure ui` serves it here.");
  if (inBrowser && cli.out.isTerminal) openInBrowser(link);
}

/** Keys stand in the query, as in the UI's own links: a key may be `..`. */
function placeOf(what = ""): string {
  if (what === "" || what === "overview") return "/";
  if (PAGES.includes(what)) return `/${what}`;
  const slash = what.indexOf("/");
  if (slash < 0) return `/invocations/${encodeURIComponent(what)}`;
  const query = new URLSearchParams({ service: what.slice(0, slash), key: what.slice(slash + 1) });
  return `/object?${query.toString()}`;
}

/** Of the admin API, whose answer is JSON. */
const pathOf = (what = ""): string =>
  what === "" || what.includes("/") || PAGES.includes(what) ? "" : `/invocations/${encodeURIComponent(what)}`;
