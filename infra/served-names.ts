/**
 * Which services a bundle serves. A process of its own loads the bundle and asks its handler, as a deployment does.
 *
 * The process sees what the function will see: its environment, and nothing of this process's. It has no credentials, so code that
 * asks AWS at load fails here. It also fails if it needs a value that is known only at deployment, or a package that only a layer
 * has. Then the stack must list the services.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { Token } from "aws-cdk-lib";
import { SERVED_NAMES_MS_MAX } from "../lib/limits/aws.ts";
import { PROTOCOL_VERSION } from "../lib/protocol.ts";
import { ownFile } from "./bundle.ts";
import { codeFolder } from "./code-folder.ts";
import type { HandlerBundle } from "./handler-bundle.ts";

/** What is asked of a service when something names it. */
export interface ServedService {
  readonly name: string;
  readonly isKeyed: boolean;
  readonly handlers: readonly string[];
}

/** What the process says: the names, or why there are none. */
export interface ServedNames {
  readonly names?: readonly string[];
  readonly served?: readonly ServedService[];
  readonly reason?: string;
}

/** The file descriptor for the process's answer. */
const ANSWER_FD = 3;

/** By bundle and environment. */
const known = new Map<string, ServedNames>();

/** `entry`: where the bundle's packages are looked for. */
export function servedNames(
  bundle: HandlerBundle,
  entry: string,
  environment: Readonly<Record<string, string>>,
): ServedNames {
  const variables = variablesOf(environment, entry);
  const key = keyOf(bundle, variables);
  const found = known.get(key) ?? ask(bundle, entry, variables);
  known.set(key, found);
  return found;
}

type Variables = Readonly<Record<string, string>>;

function keyOf({ contents, main }: HandlerBundle, variables: Variables): string {
  const hash = createHash("sha256").update(JSON.stringify([main, variables]));
  for (const [path, content] of contents) hash.update(path).update(content);
  return hash.digest("hex");
}

function ask({ contents, main }: HandlerBundle, entry: string, env: Variables): ServedNames {
  const folder = codeFolder(located(contents, `${main}.map`, dirname(entry)));
  const request = JSON.stringify({ kind: "discover", version: PROTOCOL_VERSION });
  const { output, status, signal, stderr, error } = spawnSync(
    process.execPath,
    [...[ownFile("infra/served-names-process"), join(folder, main)], ...[entry, request, String(ANSWER_FD)]],
    {
      cwd: folder,
      env,
      encoding: "utf8",
      timeout: SERVED_NAMES_MS_MAX,
      killSignal: "SIGKILL",
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
  const answer = output?.[ANSWER_FD] ?? "";
  if (answer !== "") {
    const { names, served = [], reason } = JSON.parse(answer) as ServedNames;
    if (names) return { names, served };
    return { reason: withoutPath(reason ?? "", folder, entry) };
  }
  if (signal !== null) return { reason: `it did not end loading within ${SERVED_NAMES_MS_MAX / 1000} s` };
  // Node's exit code for it.
  if (status === 13) return { reason: "a top-level await in it never ends" };
  const said = withoutPath(stderr.trim(), folder, entry);
  return { reason: error?.message ?? `its process ended with ${status}${said === "" ? "" : `:\n${said}`}` };
}

/** The map says where the sources are, because the bundle is elsewhere. */
function located(
  contents: HandlerBundle["contents"],
  map: string,
  folder: string,
): HandlerBundle["contents"] {
  const bytes = contents.get(map);
  if (bytes === undefined || typeof bytes === "string") return contents;
  const parsed = JSON.parse(Buffer.from(bytes).toString()) as object;
  const sourceRoot = `${pathToFileURL(folder).href}/`;
  return new Map([...contents, [map, Buffer.from(JSON.stringify({ ...parsed, sourceRoot }))]]);
}

/** With the files' own places, and without the frames that are not the user's. */
const withoutPath = (text: string, folder: string, entry: string): string =>
  text
    .replaceAll(folder, dirname(entry))
    .split("\n")
    .filter((line) => !/^ +at .*(served-names-process|node:internal)/.test(line))
    .join("\n");

/** A value that is not known yet. */
const UNKNOWN = "unknown-at-synth";

function variablesOf(environment: Readonly<Record<string, string>>, entry: string): Variables {
  const kept = ["PATH", "SystemRoot", "TMPDIR", "TEMP", "TMP"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const own = Object.entries(environment).map(([name, value]) => [
    name,
    Token.isUnresolved(value) ? UNKNOWN : value,
  ]);
  return {
    // Lambda sets these.
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_LAMBDA_FUNCTION_NAME: "synth",
    LAMBDA_TASK_ROOT: tmpdir(),
    TZ: ":UTC",
    // So nothing waits for credentials.
    AWS_EC2_METADATA_DISABLED: "true",
    ...Object.fromEntries(kept),
    ...(Object.fromEntries(own) as Variables),
    // For packages that are not bundled: as in Lambda, where it names the layers.
    NODE_PATH: modulesAbove(dirname(entry)).join(delimiter),
    NODE_OPTIONS: "",
  };
}

function modulesAbove(folder: string): string[] {
  const parts = folder.split(sep);
  return parts
    .map((_, index) => join(parts.slice(0, parts.length - index).join(sep) || sep, "node_modules"))
    .filter((modules) => existsSync(modules));
}
