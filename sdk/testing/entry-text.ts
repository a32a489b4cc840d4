/** Parts of a journal's lines, for people and for snapshots. */

/** How an entry has ended, as the admin API answers it. */
export interface EndedEntry {
  readonly result?: ShownOutcome | null;
  readonly value?: string;
}
interface ShownOutcome {
  readonly value?: string;
  readonly failure?: { readonly code: number; readonly message: string };
}

/** `: "receipt 1"`, `: failed with [404] gone`; nothing if there is nothing. */
export function resultText({ result, value }: EndedEntry, charsMax: number): string {
  const failure = result?.failure;
  if (failure) return `: failed with [${failure.code}] ${failure.message}`;
  const text = result?.value ?? value;
  return text === undefined || text === "" ? "" : `: ${shortened(text, charsMax)}`;
}

/** Of a long text its beginning, with a mark that there is more. */
export const shortened = (text: string, charsMax: number): string =>
  text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
