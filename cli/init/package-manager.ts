/** npm, pnpm, yarn or bun: which of them was used, and how each is told what to do. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export const PACKAGE_MANAGERS = ["npm", "pnpm", "yarn", "bun"] as const;
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

/** A program that a package manager starts is told by which one: `pnpm/10.1.0 npm/? node/v24…`. */
export function packageManagerOf(environment: NodeJS.ProcessEnv): PackageManager {
  const agent = environment["npm_config_user_agent"] ?? "";
  return PACKAGE_MANAGERS.find((name) => agent.startsWith(`${name}/`)) ?? "npm";
}

/** How a script of package.json is started. */
export const runCommand = (manager: PackageManager, script: string): string =>
  manager === "npm" && (script === "test" || script === "start")
    ? `npm ${script}`
    : manager === "npm" || manager === "bun"
      ? `${manager} run ${script}`
      : `${manager} ${script}`;

/** How a program of an installed package is started. */
export const execCommand = (manager: PackageManager, program: string): string =>
  `${{ npm: "npx", pnpm: "pnpm exec", yarn: "yarn", bun: "bunx" }[manager]} ${program}`;

/** Installs what package.json names. Its output is shown. Returns false if it fails, or is not there. */
export async function install(manager: PackageManager, folder: string): Promise<boolean> {
  const args = manager === "npm" ? ["install", "--no-audit", "--no-fund"] : ["install"];
  // On Windows these are scripts.
  const child = spawn(manager, args, {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0;
  } catch {
    return false;
  }
}
