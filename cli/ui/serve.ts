/** What `perdure ui` does: finds the server, and serves its UI if it does not do so itself. */
import { once } from "node:events";
import { PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { HttpServer, ListenError } from "../../runtime/dev/http-server.ts";
import { newKey, uiProxy } from "../../runtime/dev/ui/proxy.ts";
import { UiFiles } from "../../runtime/dev/ui/ui-files.ts";
import { openInBrowser } from "../browser.ts";
import type { Cli } from "../cli.ts";
import type { ServerEnvironment } from "../environment/environment.ts";
import { CommandError } from "../exit.ts";
import { portOf } from "./port.ts";
import type { UiOptions } from "./ui.ts";

const HOST = "127.0.0.1";

export async function showUi(cli: Cli, { port, open = false, readOnly = false }: UiOptions): Promise<void> {
  const own = readOnly || port !== undefined ? undefined : await ownUi(cli);
  if (own !== undefined) {
    await cli.out.show({ link: own }, () => [own]);
    if (open) openInBrowser(own);
    return;
  }
  const server = await startUi(cli, { port: portOf(port), readOnly });
  await cli.out.show({ link: server.link }, () => [server.link]);
  cli.out.note("Press Ctrl-C to stop.");
  if (open) openInBrowser(server.onceLink);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  server.stop();
}

/** The link of a server on this machine that serves its UI itself. */
async function ownUi(cli: Cli): Promise<string | undefined> {
  const { address } = (await cli.environment()).admin;
  if (!["localhost", "127.0.0.1", "[::1]"].includes(URL.parse(address)?.hostname ?? "")) return undefined;
  const { status } = await (await cli.admin()).raw("GET", "/ui/");
  return status < 400 ? `${address}/ui/` : undefined;
}

interface ServedUi {
  readonly link: string;
  /** The same, once. What a program is called with, other users of the machine can see. */
  readonly onceLink: string;
  readonly stop: () => void;
}

/** Serves it until it is stopped. Throws {@link CommandError} if it cannot listen. */
export async function startUi(
  cli: Cli,
  { port, readOnly }: { readonly port: number; readonly readOnly: boolean },
): Promise<ServedUi> {
  const environment = await cli.environment();
  const [key, onceKey] = [newKey(), newKey()];
  const handle = uiProxy(
    {
      ...{ ui: new UiFiles(), admin: environment.admin, key, onceKey },
      readOnly: readOnly || environment.isCopy === true,
      ingress: () => cli.ingress(),
      environment: onceKnown(() => shown(environment)),
    },
    HOST,
  );
  const server = new HttpServer(handle, { host: HOST, port, bodyBytesMax: PAYLOAD_BYTES_MAX });
  try {
    const url = await server.listen();
    // Not by a name: another user's server may listen on another address of it, and would be handed the key.
    const page = `${url.replace("localhost", HOST)}/ui/`;
    return { link: `${page}?key=${key}`, onceLink: `${page}?key=${onceKey}`, stop: () => server.destroy() };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new CommandError(error.message, { advice: "Choose another one with --port.", cause: error });
  }
}

/** Fields of `environment` in the answer to `GET /version`. `undefined`: the server knows it better. */
async function shown({ name, aws, isProduction, identity }: ServerEnvironment): Promise<object> {
  if (aws === undefined) return { name, is_production: isProduction };
  const { account, role } = await identityOf(identity);
  return {
    kind: "aws",
    name,
    region: aws.region,
    stack: aws.stack,
    account,
    role,
    is_production: isProduction,
  };
}

/** Who is not allowed to ask who they are, sees the UI without it. */
async function identityOf(
  identity: ServerEnvironment["identity"],
): Promise<{ readonly account?: string; readonly role?: string }> {
  try {
    const found = await identity?.();
    return found === undefined ? {} : { account: found.account, role: roleIn(found.arn) };
  } catch {
    return {};
  }
}

/** `arn:aws:sts::123456789012:assumed-role/Ops/me` is the role Ops. */
function roleIn(arn: string): string {
  const [kind = "", ...rest] = arn.split(":").slice(5).join(":").split("/");
  return kind === "assumed-role" ? (rest[0] ?? arn) : (rest.at(-1) ?? (kind === "" ? arn : kind));
}

function onceKnown(ask: () => Promise<object>): () => Promise<object> {
  let known: Promise<object> | undefined;
  return () => (known ??= ask());
}
