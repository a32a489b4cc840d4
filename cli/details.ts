/** One thing, told in lines: names and values in two columns. */
import { type Output, safe } from "./output.ts";

export type Detail = readonly [name: string, value: string | undefined];

/** What has no value is left out. */
export function detailLines(out: Output, rows: readonly Detail[]): string[] {
  const shown = rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 2;
  return shown.map(([name, value]) => `${out.styled("dim", safe(name.padEnd(width)))}${safe(value)}`);
}
