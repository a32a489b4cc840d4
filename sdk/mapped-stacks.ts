/**
 * In a deployed bundle, stacks name the files and lines of the user's code. The first module of a bundle that has a source map
 * beside it.
 *
 * The map is read when the first stack is asked for, and not before. Node's own way, `--enable-source-maps`, reads and measures the
 * bundle at each cold start, which made the import of the smallest one half as long again (docs/decisions/0028).
 */
import type { SourceMap, SourceMapPayload } from "node:module";

const BUNDLE = import.meta.url;

interface Origins {
  readonly map: SourceMap;
  /** The URL that sources are relative to. */
  readonly base: string;
}

/** Undefined until the first stack; null if there is no map that can be read. */
let origins: Origins | null | undefined;

function read(): Origins | null {
  try {
    // Not imported: loading them takes some milliseconds.
    const { readFileSync } = process.getBuiltinModule("node:fs");
    const nodeModule = process.getBuiltinModule("node:module");
    const payload = JSON.parse(readFileSync(new URL(`${BUNDLE}.map`), "utf8")) as SourceMapPayload;
    return {
      map: new nodeModule.SourceMap({ ...payload, sourceRoot: "" }),
      base: payload.sourceRoot || BUNDLE,
    };
  } catch {
    return null;
  }
}

/** A line of the stack. */
function textOf(frame: NodeJS.CallSite): string {
  const text = `\n    at ${(frame as { readonly toString: () => string }).toString()}`;
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  if (frame.getScriptNameOrSourceURL() !== BUNDLE || line === null || column === null) return text;
  origins ??= read();
  const entry = origins?.map.findEntry(line - 1, column - 1);
  if (!origins || !entry || !("originalSource" in entry)) return text;
  const { fileURLToPath } = process.getBuiltinModule("node:url");
  const file = fileURLToPath(new URL(entry.originalSource, origins.base));
  const place = `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  return text.replace(`${BUNDLE}:${line}:${column}`, () => place);
}

Error.prepareStackTrace = (error: Error, frames: NodeJS.CallSite[]): string => {
  let head = "Error";
  try {
    head = String(error);
  } catch {
    // What has no text of its own.
  }
  return head + frames.map(textOf).join("");
};
