/**
 * Folders with a function's code. The CDK copies such a folder when the stack is made. All of them are removed when the process
 * ends.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const folders: string[] = [];

/** What is in a folder, by path: the bytes, or the file or folder that is copied there. */
export type FolderContents = ReadonlyMap<string, Uint8Array | string>;

/** A new folder with these files in it. */
export function codeFolder(contents: FolderContents): string {
  const folder = emptyFolder();
  for (const [path, content] of contents) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (typeof content === "string") cpSync(content, target, { recursive: true, dereference: true });
    else writeFileSync(target, content);
  }
  return folder;
}

export function emptyFolder(): string {
  if (folders.length === 0) process.once("exit", removeAll);
  const folder = mkdtempSync(join(tmpdir(), "perdure-code-"));
  folders.push(folder);
  return folder;
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
