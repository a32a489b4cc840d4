/** Packages from PyPI, pinned by a requirements file, in a folder of their own under `.emulator/`. Nothing else of this machine changes. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Why packages cannot be installed here; `undefined` when they can. */
export function whyNoPython(): string | undefined {
  const { status, stdout } = spawnSync(
    "python3",
    ["-c", "import sys, pip; print(sys.version_info >= (3, 10))"],
    { encoding: "utf8" },
  );
  if (status !== 0) return "there is no python3 with pip on this machine";
  return stdout.trim() === "True" ? undefined : "Python is older than 3.10";
}

/** The folder for `PYTHONPATH`. Another version of the package is another folder. Throws an Error that says what is missing. */
export function installedPackages(name: string, requirements: string): string {
  const version =
    new RegExp(`^${name}==(.+)$`, "m").exec(readFileSync(requirements, "utf8"))?.[1] ?? "unknown";
  const folder = join(ROOT, ".emulator", `${name}-${version}`);
  if (existsSync(folder)) return folder;
  const reason = whyNoPython();
  if (reason !== undefined) throw new Error(reason);
  console.log(`${name} is installed into ${folder}`);
  mkdirSync(dirname(folder), { recursive: true });
  const making = mkdtempSync(`${folder}-`);
  const options = ["--disable-pip-version-check", "--no-deps", "--no-compile", "--quiet", "--target", making];
  execFileSync("python3", ["-m", "pip", "install", ...options, "-r", requirements], { stdio: "inherit" });
  try {
    renameSync(making, folder);
  } catch (error) {
    // Another worker was faster.
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
