/** What a handler has answered: JSON by lines, other text as it is. The first part; all of it if it is asked for. */
import { useState } from "preact/hooks";
import { jsonParts } from "../../parts/value.tsx";
import { indented } from "../../words/json-layout.ts";
import { bytesInWords, visible } from "../../words/text.ts";

const SHOWN_CHARS = 4096;

export function JsonText({ text }: { readonly text: string }) {
  const [whole, setWhole] = useState(false);
  const shown = indented(text);
  const cut = shown.length > SHOWN_CHARS && !whole;
  return (
    <>
      <pre>{jsonParts(visible(cut ? shown.slice(0, SHOWN_CHARS) : shown))}</pre>
      {cut && (
        <button type="button" class="b q sm" onClick={() => setWhole(true)}>
          Show all {bytesInWords(shown.length)}
        </button>
      )}
    </>
  );
}
