/** The peers' packages have a lockfile of their own. They are installed when a benchmark first needs them. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PEERS = fileURLToPath(new URL("./", import.meta.url));

export function installPeers(progress: (line: string) => void): void {
  if (existsSync(`${PEERS}node_modules`)) return;
  progress("installing what Perdure is compared with: npm run peers (about 400 MB)");
  const { status } = spawnSync("npm", ["run", "peers"], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("the peers could not be installed; try npm run peers");
}

/** A file of one of the peers' packages, as Node would find it from bench/peers/. */
export const peerFile = (specifier: string): string =>
  createRequire(`${PEERS}package.json`).resolve(specifier);

/** Loads a peer's package. The caller states its type: without the package installed the compiler has nothing to check. */
export const importPeer = async <T>(specifier: string): Promise<T> =>
  (await import(pathToFileURL(peerFile(specifier)).href)) as T;
