/** The answer to why somebody has come to the page. It is read out when it changes. */
export const Say = ({ of }: { readonly of: readonly (string | readonly [string, true])[] }) => (
  <p class="say" aria-live="polite">
    {of.map((part, index) => (typeof part === "string" ? part : <b key={index}>{part[0]}</b>))}
  </p>
);
