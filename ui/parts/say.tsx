/** The answer to why somebody has come to the page. It is read out when it changes. */
import type { Said } from "../words/pieces.ts";

export const Say = ({ of }: { readonly of: Said }) => (
  <p class="say" aria-live="polite">
    {of.map((part, index) => (typeof part === "string" ? part : <b key={index}>{part[0]}</b>))}
  </p>
);
