#!/usr/bin/env node
/** The command line's entry: runs the command, and says how it has ended. */
import { CommandError, EXIT, UsageError } from "./exit.ts";
import { checkNode } from "./node-version.ts";

try {
  checkNode(process.versions.node);
  const { run } = await import("./run.ts");
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`perdure: ${error.message}\n`);
    process.exitCode = EXIT.usage;
  } else if (error instanceof CommandError) {
    process.stderr.write(
      `perdure: ${error.message}\n${error.advice === undefined ? "" : `${error.advice}\n`}`,
    );
    process.exitCode = error.exitCode;
  } else {
    throw error;
  }
}
