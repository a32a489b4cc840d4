/** A sentence in its pieces, as text: nothing in it can be more than text. */
import type { Piece } from "../../words/pieces.ts";

export const Say = ({ pieces }: { readonly pieces: readonly Piece[] }) => (
  <>
    {pieces.map((piece, index) => {
      const key = index;
      if (typeof piece === "string") return piece;
      const mono = piece.mono === true ? "mono" : undefined;
      if ("a" in piece)
        return (
          <a key={key} href={piece.href} class={mono}>
            <bdi>{piece.a}</bdi>
          </a>
        );
      const bold = (
        <b key={key} class={mono}>
          <bdi>{piece.b}</bdi>
        </b>
      );
      return piece.href === undefined ? (
        bold
      ) : (
        <a key={key} href={piece.href}>
          {bold}
        </a>
      );
    })}
  </>
);
