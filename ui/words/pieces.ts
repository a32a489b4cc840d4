/** A sentence in pieces: plain words, and what stands out in it or leads elsewhere. */
export type Piece =
  | string
  | { readonly b: string; readonly mono?: boolean; readonly href?: string }
  | { readonly a: string; readonly href: string; readonly mono?: boolean };

export const plainText = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (typeof piece === "string" ? piece : "b" in piece ? piece.b : piece.a)).join("");
