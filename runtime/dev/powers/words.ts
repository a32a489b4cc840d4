/** Parts of the sentences in which the powers of a development server answer. */

export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number === 0 ? "no" : number} ${number === 1 ? noun : plural}`;

/** As a name is quoted in JSON, so that its control characters are seen. */
export const quoted = (name: string): string => JSON.stringify(name);

/** `a, b and c` */
export function inWords(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
