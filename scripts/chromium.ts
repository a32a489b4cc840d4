/**
 * Finds a Chromium for the tests of the web UI, or installs Debian's: `npm run chromium`. Prints where it is.
 *
 * The headless shell comes first. For the same tests the whole browser takes three times as long, with a priority above all other work.
 *
 * `PERDURE_CHROMIUM` names another one. Without any, the tests of the UI are skipped by name.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const PACKAGES = ["chromium-headless-shell", "chromium"];
const NAMES = [...PACKAGES, "chromium-browser", "google-chrome", "chrome"];
const INSTALL_MS_MAX = 300_000;

/** `undefined`: there is none. */
export function findChromium(): string | undefined {
  const named = process.env["PERDURE_CHROMIUM"];
  if (named !== undefined) return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Only as root and where apt-get is: else it is for the user to do. */
function install(): void {
  if (process.getuid?.() !== 0) throw new Error("installing needs root");
  const options = { stdio: "inherit" as const, timeout: INSTALL_MS_MAX };
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", ["update", "-qq"], { ...options, env });
  for (const name of PACKAGES) {
    try {
      execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], { ...options, env });
      return;
    } catch {
      console.error(`${name} cannot be installed`);
    }
  }
}

if (import.meta.main) {
  try {
    if (findChromium() === undefined) install();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  console.log(findChromium() ?? "no chromium: the tests of the web UI will be skipped");
}
