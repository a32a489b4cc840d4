/** The files of a new project, as text. It writes nothing: folder.ts does. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { stackNameOf } from "./names.ts";
import { execCommand, type PackageManager, runCommand } from "./package-manager.ts";
import { type Template, templatesFolder } from "./templates.ts";
import { type Dependency, VERSIONS } from "./versions.ts";

export interface Project {
  /** As npm takes it. */
  readonly name: string;
  readonly template: Template;
  /** With a CDK app. */
  readonly cdk: boolean;
  readonly manager: PackageManager;
  /** What is installed as `perdure`; without it this version. */
  readonly perdure?: string;
}

const TOOLS: readonly Dependency[] = ["@types/node", "oxlint", "typescript", "vitest"];
const CDK: readonly Dependency[] = ["aws-cdk", "aws-cdk-lib", "constructs"];
/** What belongs to the CDK app alone. */
const CDK_FILES = /^(?:infra\/|cdk\.json$)/u;

/** By path, with slashes, in the order of their names. */
export function filesOf(project: Project): ReadonlyMap<string, string> {
  const folder = templatesFolder();
  const files = new Map<string, string>([["package.json", manifestOf(project)]]);
  for (const part of ["base", project.template.name]) {
    for (const [path, text] of textsIn(join(folder, part))) {
      if (project.cdk || !CDK_FILES.test(path)) files.set(path, filled(text, project));
    }
  }
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** npm leaves out some files that begin with a dot. So they begin with an underscore here. */
function textsIn(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = file
        .slice(folder.length + 1)
        .replaceAll("\\", "/")
        .replaceAll(/(^|\/)_/gu, "$1.");
      return [path, readFileSync(file, "utf8")] as const;
    });
}

const versionsOf = (names: readonly Dependency[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `^${VERSIONS[name]}`]));

function manifestOf({ name, template, cdk, perdure }: Project): string {
  const manifest = {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: {
      dev: "perdure dev src/services.ts",
      test: "vitest run",
      lint: "oxlint",
      typecheck: "tsc --noEmit",
      ...(cdk ? { synth: "cdk synth --quiet", deploy: "cdk deploy" } : {}),
    },
    dependencies: { perdure: perdure ?? `^${PACKAGE_VERSION}`, ...versionsOf(template.dependencies) },
    devDependencies: versionsOf([...TOOLS, ...(cdk ? CDK : [])].toSorted()),
    engines: { node: ">=22.18" },
    // npm asks for it. It makes esbuild start sooner.
    allowScripts: { esbuild: true },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** How the first call is written in a shell. */
export const callOf = ({ call }: Template): string =>
  call.input === undefined
    ? `curl -X POST localhost:8080/${call.path}`
    : `curl localhost:8080/${call.path} --json '${call.input}'`;

/** Parts between these lines are for projects with a CDK app. */
const CDK_PART = /<!-- cdk -->\n([\s\S]*?)<!-- \/cdk -->\n/gu;

function filled(text: string, { name, template, cdk, manager }: Project): string {
  const values: Readonly<Record<string, string>> = {
    name,
    stack: stackNameOf(name),
    story: template.story,
    call: callOf(template),
    answer: template.call.answer,
    install: `${manager} install`,
    dev: runCommand(manager, "dev"),
    // npm keeps the options that come before this to itself.
    dashes: manager === "npm" ? "-- " : "",
    test: runCommand(manager, "test"),
    lint: runCommand(manager, "lint"),
    typecheck: runCommand(manager, "typecheck"),
    synth: runCommand(manager, "synth"),
    deploy: runCommand(manager, "deploy"),
    perdure: execCommand(manager, "perdure"),
    cdk: execCommand(manager, "cdk"),
  };
  return text
    .replaceAll(CDK_PART, (_, part: string) => (cdk ? part : ""))
    .replaceAll(/\{\{(\w+)\}\}/gu, (mark, key: string) => values[key] ?? mark);
}
