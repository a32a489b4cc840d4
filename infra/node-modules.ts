/**
 * Packages beside a bundle: npm installs them for the function's operating system and architecture, which need not be those of this
 * machine. It gets the version that the project has, and the project's `package-lock.json`, so their own dependencies are the same too.
 *
 * Packages with a native addon come in two kinds. Some bring one package for each platform (`sharp`, `@prisma/engines`): npm
 * takes the right one. Others fetch or compile the addon when they are installed (`bcrypt`, `better-sqlite3`). Most of these
 * respect the platform that they are told. A compiler makes addons for this machine only, so what lies there in the end is checked.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import { emptyFolder } from "./code-folder.ts";
import { type Cpu, wrongAddon } from "./native-addons.ts";

export interface InstallTarget {
  /** The file that uses the packages. */
  readonly entry: string;
  readonly architecture: Architecture;
}

/** By what was asked for. Nothing changes while a stack is made. */
const installed = new Map<string, string>();

/** A `node_modules` folder with these packages and their dependencies. Throws `Error` with npm's reason. */
export function nodeModulesFolder(names: readonly string[], { entry, architecture }: InstallTarget): string {
  const cpu: Cpu = architecture.name === Architecture.ARM_64.name ? "arm64" : "x64";
  const homes = names.map((name) => homeOf(name, dirname(entry)));
  const dependencies = Object.fromEntries(
    names.map((name, index) => [name, wantedOf(join(homes[index] ?? "", "node_modules", name), name)]),
  );
  const [project = ""] = homes;
  const key = JSON.stringify([dependencies, cpu, project]);
  const known = installed.get(key);
  if (known !== undefined) return known;
  const folder = emptyFolder();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
  for (const file of ["package-lock.json", ".npmrc"])
    if (existsSync(join(project, file))) copyFileSync(join(project, file), join(folder, file));
  install(folder, cpu, names);
  const modules = join(folder, "node_modules");
  rmSync(join(modules, ".package-lock.json"), { force: true });
  const wrong = wrongAddon(modules, cpu);
  if (wrong !== undefined)
    throw new Error(
      `bundling.nodeModules: ${wrong} is an addon for another platform than the function's, which is linux ${cpu}. Its package was made for this machine. Make the stack on linux ${cpu}, or choose this machine's \`architecture\`, or put the package into a layer (bundling.external).`,
    );
  installed.set(key, modules);
  return modules;
}

/** The nearest folder upwards in whose `node_modules` the package is. */
function homeOf(name: string, folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules", name, "package.json"))) return at;
    if (dirname(at) === at)
      throw new Error(
        `bundling.nodeModules: ${name} is not installed beside ${folder}. Run: npm install ${name}`,
      );
  }
}

/** What npm is told to install, so that it is what the project has. */
function wantedOf(place: string, name: string): string {
  const real = realpathSync(place);
  // A workspace, or a folder that the project names by its path.
  if (!real.includes(`${sep}node_modules${sep}`)) return `file:${real}`;
  const own = JSON.parse(readFileSync(join(real, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
  };
  return own.name === name ? own.version : `npm:${own.name}@${own.version}`;
}

function install(folder: string, cpu: Cpu, names: readonly string[]): void {
  const args = [
    ...["install", "--omit=dev", "--no-audit", "--no-fund", "--no-bin-links", "--install-links"],
    ...["--prefer-offline", "--loglevel=error", "--os=linux", `--cpu=${cpu}`, "--libc=glibc"],
  ];
  const { status, stderr, stdout, error } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    // On Windows it is a script.
    shell: process.platform === "win32",
    env: { ...process.env, ...platformOf(cpu) },
  });
  if (status === 0) return;
  const reason = error?.message ?? `${stderr}${stdout}`.trim();
  throw new Error(`bundling.nodeModules: npm could not install ${names.join(", ")}: ${reason}`);
}

/** What the packages that fetch their addon look at (`prebuild-install`, `node-pre-gyp`). */
const platformOf = (cpu: Cpu): Readonly<Record<string, string>> => ({
  npm_config_platform: "linux",
  npm_config_arch: cpu,
  npm_config_target_platform: "linux",
  npm_config_target_arch: cpu,
  npm_config_target_libc: "glibc",
});
