/** The fields of JSON that docs/cli.md promises. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const DOCUMENT = readFileSync(join(import.meta.dirname, "../../docs/cli.md"), "utf8");

export interface PromisedFields {
  readonly always: readonly string[];
  /** Those with a question mark. */
  readonly sometimes: readonly string[];
}

/** `begin`: of the line above the table, such as "`doctor`". */
export function promisedFields(begin: string): PromisedFields {
  const lines = DOCUMENT.split("\n");
  const at = lines.findIndex((line) => line.startsWith(begin));
  if (at === -1) throw new Error(`docs/cli.md has no line that begins with ${begin}`);
  const table = lines.slice(at + 2);
  const end = table.findIndex((line) => !line.startsWith("|"));
  const names = table
    .slice(2, end === -1 ? table.length : end)
    .flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([a-z_]+\??)`/gu)].map(([, name = ""]) => name),
    );
  return {
    always: names.filter((name) => !name.endsWith("?")),
    sometimes: names.filter((name) => name.endsWith("?")).map((name) => name.slice(0, -1)),
  };
}

/** Fields that are promised and missing, and those that are there and not promised. */
export function differingFields(begin: string, printed: object): readonly string[] {
  const { always, sometimes } = promisedFields(begin);
  const there = Object.keys(printed);
  return [
    ...always.filter((name) => !there.includes(name)).map((name) => `- ${name}`),
    ...there.filter((name) => !always.includes(name) && !sometimes.includes(name)).map((name) => `+ ${name}`),
  ];
}
