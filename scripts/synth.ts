// `npm run synth`: `cdk synth` without an account and without a network. The CDK would use them for four things, which are
// all turned off: credentials (it asks whose they are), the metadata of a cloud machine, its news, and its statistics.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
const env = {
  ...Object.fromEntries(kept),
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  CDK_DISABLE_CLI_TELEMETRY: "true",
  CDK_DISABLE_VERSION_CHECK: "true",
};
const cdk = createRequire(import.meta.url).resolve("aws-cdk/bin/cdk");
const args = [cdk, "synth", "--quiet", "--no-notices", "--no-lookups", ...process.argv.slice(2)];
const { status, error } = spawnSync(process.execPath, args, { stdio: "inherit", env });
if (error) throw error;
if (status === 0) console.log("synth: cdk.out holds the templates and the code of the functions");
process.exitCode = status ?? 1;
