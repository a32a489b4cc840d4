/** `perdure open`: the link of the web UI, or of an invocation. */
import { spawn } from "node:child_process";
import type { Cli } from "../cli.ts";

const UI = "/ui";

export async function openLink(cli: Cli, id: string | undefined, inBrowser: boolean): Promise<void> {
  const admin = await cli.admin();
  const hasUi = (await admin.raw("GET", UI)).status < 400;
  const place = id === undefined ? "" : `/invocations/${encodeURIComponent(id)}`;
  const link = `${admin.address}${hasUi ? `${UI}${place}` : place}`;
  await cli.out.show({ link, ui: hasUi }, () => [link]);
  if (!hasUi) {
    const instead =
      id === undefined ? "`perdure invocations list` shows invocations" : "the link is its JSON";
    return cli.out.note(`This server has no web UI: ${instead}.`);
  }
  if (!inBrowser || !cli.out.isTerminal || !link.startsWith("http")) return;
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command ?? "xdg-open", [...args, link], { stdio: "ignore", detached: true });
  // A machine without a browser: the link has been printed.
  child.on("error", () => undefined);
  child.unref();
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};
