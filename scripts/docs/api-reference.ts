/**
 * The API reference, made by TypeDoc from the sources and their comments: a page for each entry of the package.
 *
 * TypeDoc needs the compiler's API of before TypeScript 7. A second `typescript` at the top of node_modules would take the place of
 * `tsc`. So it gets the one that another tool has brought along for itself.
 */
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "../..");

/** What is imported is another name for these, or has no names of its own. `perdure/restate` is compared in docs/parity.md. */
const LEFT_OUT = /^\.\/(restate|tracing|package\.json)/;

/** What is imported, and the file that it is. */
function entries(): [name: string, path: string][] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, { "perdure-source"?: string }>;
  };
  return Object.entries(exports)
    .filter(([name]) => !LEFT_OUT.test(name))
    .map(([name, { "perdure-source": path = "" }]) => [name.replace(/^\./, "perdure"), join(ROOT, path)]);
}

/** Writes Markdown below `folder`. */
export async function writeApiReference(folder: string): Promise<void> {
  const brought = createRequire(createRequire(import.meta.url).resolve("@arethetypeswrong/cli/package.json"));
  const older = createRequire(brought.resolve("@arethetypeswrong/core")).resolve("typescript");
  registerHooks({
    resolve: (name, context, next) =>
      name === "typescript"
        ? { url: pathToFileURL(older).href, format: "commonjs", shortCircuit: true }
        : next(name, context),
  });
  const listed = entries();
  const { Application, Converter } = await import("typedoc");
  const app = await Application.bootstrapWithPlugins({
    entryPoints: listed.map(([, path]) => path),
    tsconfig: join(import.meta.dirname, "tsconfig.api.json"),
    plugin: ["typedoc-plugin-markdown"],
    // The types are checked elsewhere, by today's compiler.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    outputs: [{ name: "markdown", path: folder }],
    readme: "none",
    logLevel: "Error",
    ...{ outputFileStrategy: "modules", hidePageHeader: true, hideBreadcrumbs: true, useCodeBlocks: true },
    ...{ parametersFormat: "table", interfacePropertiesFormat: "table", entryFileName: "index" },
    ...{ sanitizeComments: true, expandObjects: false, excludeScopesInPaths: true },
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    project.name = "API reference";
    for (const [index, module] of (project.children ?? []).entries())
      [module.name] = listed[index] ?? [module.name];
  });
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc could not read the sources");
  await app.generateOutputs(project);
}
