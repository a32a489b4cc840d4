#!/usr/bin/env node
/** The command line's entry: runs the command, and says how it has ended. */
import module from "node:module";
import { PACKAGE_VERSION } from "../lib/version.ts";
import { CommandError } from "./exit.ts";
import { checkNode } from "./node-version.ts";

// Compiled code is kept in the system's folder for temporary files: from the second start on the command is there in half the time.
// Other runtimes than Node may not have it.
if ("enableCompileCache" in module) module.enableCompileCache();

// A reader that has seen enough closes the pipe, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

try {
  checkNode(process.versions.node);
  const args = process.argv.slice(2);
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    // Without all commands: scripts and editors ask it often.
    process.stdout.write(`${PACKAGE_VERSION}\n`);
  } else {
    const { run } = await import("./run.ts");
    process.exitCode = await run(args);
  }
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`perdure: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
