/** Builds the package create-perdure: one file without dependencies, and the templates. Run with `npm run build:create`. */
import { chmodSync, cpSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "create-perdure", "dist");
const FILE = join(DIST, "create.js");

rmSync(DIST, { recursive: true, force: true });
await build({
  entryPoints: [join(ROOT, "cli", "init", "create.ts")],
  outfile: FILE,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  banner: { js: "#!/usr/bin/env node" },
  logLevel: "error",
});
chmodSync(FILE, 0o755);
cpSync(join(ROOT, "templates"), join(DIST, "templates"), { recursive: true });
console.log(`create-perdure: ${statSync(FILE).size} bytes and the templates`);
