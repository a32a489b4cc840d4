/** Makes a project: asks what was not said, writes its files, installs. `perdure init` and `npm create perdure` are this. */
import { existsSync } from "node:fs";
import { basename, isAbsolute, relative, resolve } from "node:path";
import { CommandError, UsageError } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import { Questions, type Terminal } from "./ask.ts";
import { checkEmpty, inTheWay, writeFiles } from "./folder.ts";
import { isPackageName, packageNameOf } from "./names.ts";
import {
  install,
  type PackageManager,
  PACKAGE_MANAGERS,
  packageManagerOf,
  runCommand,
} from "./package-manager.ts";
import { callOf, filesOf, type Project } from "./project.ts";
import { type Template, TEMPLATES } from "./templates.ts";
import { VERSIONS } from "./versions.ts";

/** What was said on the command line. */
export interface InitFlags {
  readonly folder?: string;
  readonly template?: string;
  readonly name?: string;
  readonly cdk?: boolean;
  readonly install?: boolean;
  readonly packageManager?: string;
  readonly perdure?: string;
  /** The defaults for the rest: nothing is asked. */
  readonly yes?: boolean;
}

export interface Surroundings {
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Where questions are asked. Without it, nothing is. */
  readonly terminal?: Terminal;
  readonly say: (line: string) => void;
}

interface Answers {
  readonly folder: string;
  readonly template: Template;
  readonly cdk: boolean;
  readonly install: boolean;
}

const NEW_FOLDER = "my-app";

/** Throws {@link CommandError} or {@link UsageError}. Nothing is written then, unless installing has failed. */
export async function makeProject(flags: InitFlags, around: Surroundings): Promise<void> {
  const manager = managerOf(flags, around.environment);
  const named = flags.template === undefined ? undefined : templateNamed(flags.template);
  const answers = await answersOf(flags, named, manager, around);
  const folder = resolve(around.cwd, answers.folder);
  checkEmpty(folder);
  const { template, cdk } = answers;
  const perdure = specOf(flags.perdure, around.cwd);
  const project: Project = {
    ...{ name: nameOf(flags.name, folder), template, cdk, manager },
    ...(perdure === undefined ? {} : { perdure }),
  };
  const files = filesOf(project);
  writeFiles(folder, files);
  const shown = shownPath(folder, around.cwd);
  around.say(`Made ${project.name} in ${shown === "" ? "this folder" : shown}:`);
  around.say(`  ${[...files.keys()].join(" ")}`);
  const isInstalled = answers.install && (await installs(project, folder, around));
  sayNext(project, shown, isInstalled, around);
  if (answers.install && !isInstalled) {
    throw new CommandError(`${manager} install failed in ${folder}`, {
      advice: "The files are written. Its output is above.",
    });
  }
}

const shownPath = (folder: string, cwd: string): string => {
  const path = relative(cwd, folder);
  return isAbsolute(path) || path.startsWith("..") ? folder : path;
};

async function installs({ manager }: Project, folder: string, { say }: Surroundings): Promise<boolean> {
  say(`Installing with ${manager} …`);
  return await install(manager, folder);
}

function sayNext(
  { manager, template }: Project,
  shown: string,
  isInstalled: boolean,
  around: Surroundings,
): void {
  const steps = [
    ...(shown === "" ? [] : [`cd ${/\s/u.test(shown) ? JSON.stringify(shown) : shown}`]),
    ...(isInstalled ? [] : [`${manager} install`]),
    runCommand(manager, "dev"),
  ];
  around.say("");
  around.say("Next:");
  for (const step of steps) around.say(`  ${step}`);
  around.say("and in a second terminal:");
  around.say(`  ${callOf(template)}`);
}

async function answersOf(
  flags: InitFlags,
  named: Template | undefined,
  manager: PackageManager,
  { cwd, terminal }: Surroundings,
): Promise<Answers> {
  const presetFolder = inTheWay(cwd).length === 0 ? "." : NEW_FOLDER;
  if (flags.yes === true || terminal === undefined) {
    // Without a terminal the user has seen no question, so a folder is not chosen for him beside his files.
    const folder = flags.folder ?? (flags.yes === true ? presetFolder : ".");
    const { cdk = true, install: isInstalling = true } = flags;
    return { folder, template: named ?? TEMPLATES[0], cdk, install: isInstalling };
  }
  const questions = new Questions(terminal);
  const folder = flags.folder ?? (await questions.text("Folder?", presetFolder));
  // Before more is asked.
  checkEmpty(resolve(cwd, folder));
  return {
    folder,
    template: named ?? (await questions.choice<Template>("Which template?", TEMPLATES)),
    cdk: flags.cdk ?? (await questions.isYes("A CDK app, to deploy it to AWS?")),
    install: flags.install ?? (await questions.isYes(`Install with ${manager} now?`)),
  };
}

function templateNamed(name: string): Template {
  const found = TEMPLATES.find((template) => template.name === name);
  if (found) return found;
  const names = TEMPLATES.map((template) => template.name);
  throw new UsageError(
    `there is no template "${name}". There are ${names.join(", ")}.${didYouMean(name, names)}`,
  );
}

function managerOf({ packageManager }: InitFlags, environment: NodeJS.ProcessEnv): PackageManager {
  if (packageManager === undefined) return packageManagerOf(environment);
  const found = PACKAGE_MANAGERS.find((name) => name === packageManager);
  if (found) return found;
  throw new UsageError(
    `--package-manager ${packageManager}: there are ${PACKAGE_MANAGERS.join(", ")}.${didYouMean(packageManager, PACKAGE_MANAGERS)}`,
  );
}

function nameOf(name: string | undefined, folder: string): string {
  if (name === undefined) return packageNameOf(basename(folder), ["perdure", ...Object.keys(VERSIONS)]);
  if (isPackageName(name)) return name;
  throw new UsageError(
    `--name ${JSON.stringify(name)}: npm takes lower case letters, digits, - . _ and ~ only, at most 214 of them, and no . or _ in front.`,
  );
}

/** A file is named relative to the working directory, and npm looks for it from the project. */
function specOf(spec: string | undefined, cwd: string): string | undefined {
  if (spec === undefined) return undefined;
  const path = resolve(cwd, spec.replace(/^file:/u, ""));
  return existsSync(path) ? `file:${path}` : spec;
}
