/** `npm run verify-aws:emulator`: starts an emulator, and runs `perdure verify-aws` against it, with the options that are passed on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { REGION } from "./cdk.ts";
import { ROOT, startEmulator } from "./emulator.ts";

const emulator = await startEmulator();
console.log(`${emulator.name} at ${emulator.endpoint}`);
const { PATH = "", TMPDIR } = process.env;
const args = ["verify-aws", "--endpoint", emulator.endpoint, "--region", REGION, ...process.argv.slice(2)];
const child = spawn(
  process.execPath,
  ["--conditions=perdure-source", join(ROOT, "cli", "main.ts"), ...args],
  {
    stdio: "inherit",
    // Nothing of this process's environment, so no credentials.
    env: {
      ...{ PATH, HOME: emulator.folder ?? ROOT, ...(TMPDIR === undefined ? {} : { TMPDIR }) },
      ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_EC2_METADATA_DISABLED: "true" },
      ...{ AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" },
      ...{ CDK_DISABLE_CLI_TELEMETRY: "true" },
    },
  },
);
// Ctrl-C reaches the child as well, which then destroys its stack: the emulator must stay until it has ended.
process.on("SIGINT", () => undefined);
const [code] = (await once(child, "close")) as [number | null];
await emulator.stop();
process.exitCode = code ?? 1;
