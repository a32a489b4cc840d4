// Checks the package as a user gets it: installs the packed tarball outside the repository and imports
// every entry point with plain Node. Run with `npm run package:check`, which builds first.
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd = process.cwd()): void {
  console.log(`package:check: ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

function installAndImport(directory: string): void {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  run("npm", ["pack", "--silent", "--pack-destination", directory]);
  const tarball = readdirSync(directory).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack wrote no tarball");

  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const quietly = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", ["install", ...quietly, `./${tarball}`], directory);

  // A user who imports a module that needs an optional peer has installed that peer.
  for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
    const link = join(directory, "node_modules", peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(process.cwd(), "node_modules", peer), link, "dir");
  }

  const entries = Object.keys(manifest.exports).filter((path) => path !== "./package.json");
  if (entries.length === 0) throw new Error("package.json exports no entry point");
  for (const entry of entries) {
    const specifier = manifest.name + entry.slice(1);
    const script = `if (Object.keys(await import("${specifier}")).length === 0) throw new Error("exports nothing");`;
    run(process.execPath, ["--input-type=module", "--eval", script], directory);
  }
}

const directory = mkdtempSync(join(tmpdir(), "perdure-package-"));
try {
  installAndImport(directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
