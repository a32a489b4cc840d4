/**
 * `GET /dev/source?invocation_id=`: the lines of the user's code around the place where an invocation last failed, for its page.
 *
 * Only files are read that the invocation's deployment was made of: its bundle has a map that names them. So a stack, which may say
 * anything, opens no other file. A file that has changed since the deployment is read all the same, and the answer says so.
 */
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  SOURCE_FILE_BYTES_MAX,
  SOURCE_LINE_CHARS_MAX,
  SOURCE_LINES_AROUND,
} from "../../../lib/limits/local.ts";
import { parseHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { AdminError } from "../../admin/error.ts";
import type { PowerPorts } from "./ports.ts";

export interface SourceLines {
  /** Absolute. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The number of the first of the lines. */
  readonly first: number;
  readonly lines: readonly string[];
  /** The file was written after the code was deployed: the lines may be others. */
  readonly changed: boolean;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

type Ports = Pick<PowerPorts, "items" | "registry" | "bundleOf">;

/** Throws a 404 {@link AdminError} if there is nothing to show, and says why. */
export async function sourceOf(ports: Ports, id: InvocationId): Promise<SourceLines> {
  const item = await ports.items.get(headKey(id));
  const head = item && parseHead(item);
  const stack = head?.failure?.stack;
  const bundle = head?.deployment === undefined ? undefined : await ports.bundleOf(head.deployment);
  if (head === undefined || stack === undefined) throw nothing("It has no failure with a stack.");
  if (bundle === undefined) throw nothing("This server does not have its code.");
  const own = filesIn(bundle);
  const place = placesIn(stack).find(({ file }) => own.has(file));
  if (place === undefined) throw nothing("No line of its stack is in the code that was deployed.");
  const deployed = await ports.registry.deployment(head.deployment ?? "");
  return await linesAt(place, deployed?.createdAtMs ?? 0);
}

const nothing = (why: string): AdminError => new AdminError(404, `there are no lines to show: ${why}`);

const MAP = "//# sourceMappingURL=data:application/json;base64,";
const PACKAGES = "/node_modules/";

/** What the bundle was made of, packages apart. */
function filesIn(bundle: Uint8Array): ReadonlySet<string> {
  const code = Buffer.from(bundle);
  const at = code.lastIndexOf(MAP);
  if (at < 0) return new Set();
  const map = JSON.parse(Buffer.from(code.subarray(at + MAP.length).toString(), "base64").toString()) as {
    readonly sources: readonly string[];
    readonly sourceRoot: string;
  };
  const urls = map.sources.map((source) => new URL(source, map.sourceRoot));
  const files = urls.filter(({ protocol }) => protocol === "file:").map((url) => fileURLToPath(url));
  return new Set(files.filter((file) => !file.includes(PACKAGES)));
}

const FRAME = /^\s*at (?:.*\()?((?:file:\/\/)?[^()\s][^()]*):(\d+):(\d+)\)?$/u;

function placesIn(stack: string): readonly Place[] {
  return stack.split("\n").flatMap((text): Place[] => {
    const [, named = "", line, column] = FRAME.exec(text) ?? [];
    if (line === undefined) return [];
    const file = named.startsWith("file://") ? fileURLToPath(named) : named.replace(/^async /u, "");
    return [{ file, line: Number(line), column: Number(column) }];
  });
}

async function linesAt({ file, line, column }: Place, deployedMs: number): Promise<SourceLines> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw nothing("The file is not there any more.");
  if (found.size > SOURCE_FILE_BYTES_MAX) throw nothing("The file is too long.");
  const all = (await readFile(file, "utf8")).split("\n");
  const first = Math.max(1, line - SOURCE_LINES_AROUND);
  const lines = all.slice(first - 1, line + SOURCE_LINES_AROUND);
  if (line > all.length) throw nothing("The file has fewer lines by now.");
  return {
    ...{ file, line, column, first },
    lines: lines.map((text) => text.slice(0, SOURCE_LINE_CHARS_MAX)),
    changed: found.mtimeMs > deployedMs,
  };
}
