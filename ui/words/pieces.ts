/** A sentence in pieces: plain words, and what stands out in it or leads elsewhere. */
export type Piece =
  | string
  | { readonly b: string; readonly mono?: boolean; readonly href?: string }
  | { readonly a: string; readonly href: string; readonly mono?: boolean };

/** The same, where nothing leads elsewhere: `true` marks what stands out. */
export type Said = readonly (string | readonly [string, true])[];

export const plainText = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (typeof piece === "string" ? piece : "b" in piece ? piece.b : piece.a)).join("");
