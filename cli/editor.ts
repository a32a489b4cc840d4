/** The user's editor: $PERDURE_EDITOR, else $VISUAL, else $EDITOR, else vi. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "./exit.ts";
import type { Output } from "./output.ts";

/** Throws {@link CommandError} where no editor can be shown. `instead`: what to do there. */
export function assertTerminal(out: Output, instead: string): void {
  if (out.isTerminal && process.stdin.isTTY) return;
  throw new CommandError("an editor needs a terminal, and this is none", { advice: instead });
}

/** The text as the editor leaves it. `name` tells the editor what it is, by its ending. */
export async function editedText(text: string, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-edit-"));
  const file = join(folder, name);
  try {
    writeFileSync(file, text, { mode: 0o600 });
    await openEditor(file);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openEditor(file: string): Promise<void> {
  const { PERDURE_EDITOR, VISUAL, EDITOR } = process.env;
  const editor = PERDURE_EDITOR ?? VISUAL ?? EDITOR ?? "vi";
  // The variable may hold options, as shells read it: `code --wait`. The path goes along as an argument of the shell's.
  const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "perdure", file], { stdio: "inherit" });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) throw new CommandError(`the editor "${editor}" has failed: nothing was changed`);
}
