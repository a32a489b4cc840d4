/** The tarball of a package, as npm makes it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Runs a program with the script's own environment and time limit. Throws if it fails. */
type Run = (command: string, args: readonly string[], cwd: string) => unknown;

/** Packs the package of the folder `from` into the folder `to`. Answers the tarball's path. `options`: more of npm's. */
export function packed(run: Run, from: string, to: string, options: readonly string[] = []): string {
  run("npm", ["pack", "--silent", ...options, "--pack-destination", to], from);
  const { name } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as { name: string };
  const file = readdirSync(to).find((entry) => new RegExp(`^${name}-\\d.*\\.tgz$`, "u").test(entry));
  if (file === undefined) throw new Error(`npm pack wrote no ${name}`);
  return join(to, file);
}
