/** The mistakes, one a file, named by what they are. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { KINDS, type Mistake } from "./mistake.ts";

export const CORPUS = join(import.meta.dirname, "corpus");

export interface NamedMistake extends Mistake {
  /** `unkeyed-charge` */
  readonly name: string;
}

/** By kind and name. */
export async function mistakes(): Promise<readonly NamedMistake[]> {
  const files = readdirSync(CORPUS).filter((file) => file.endsWith(".ts"));
  const loaded = files.map(async (file): Promise<NamedMistake> => {
    const { mistake } = (await import(join(CORPUS, file))) as { readonly mistake: Mistake };
    return { ...mistake, name: file.slice(0, -".ts".length) };
  });
  const rankOf = ({ kind, name }: NamedMistake): string => `${KINDS.indexOf(kind)} ${name}`;
  return (await Promise.all(loaded)).toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
}
