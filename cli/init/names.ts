/** Names that a new project needs: npm's for its package, CloudFormation's for its stack. */
import { PACKAGE_NAME_CHARS_MAX, STACK_NAME_CHARS_MAX } from "../../lib/limits/cli.ts";

/** What npm allows. */
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/u;
/** npm refuses these. */
const RESERVED: ReadonlySet<string> = new Set(["node_modules", "favicon.ico"]);

export const isPackageName = (name: string): boolean =>
  name.length <= PACKAGE_NAME_CHARS_MAX && PACKAGE_NAME.test(name) && !RESERVED.has(name);

/** A folder's name as a package's. `taken`: a package may not have the name of what it installs. */
export function packageNameOf(folder: string, taken: readonly string[]): string {
  const name = folder
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/gu, "-")
    .replace(/^[-._]+/u, "")
    .replace(/[-._]+$/u, "")
    .slice(0, PACKAGE_NAME_CHARS_MAX);
  if (!isPackageName(name)) return "my-app";
  return taken.includes(name) ? `${name}-app` : name;
}

/** A package's name as a stack's: `Shop` for `shop`. */
export function stackNameOf(packageName: string): string {
  const words = packageName.split(/[^a-z0-9]+/u).filter((word) => word !== "");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return (/^[A-Z]/u.test(name) ? name : `App${name}`).slice(0, STACK_NAME_CHARS_MAX);
}
