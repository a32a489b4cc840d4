/** What a handler has answered: JSON by lines, other text as it is. The first part; all of it if it is asked for. */
import { useState } from "preact/hooks";
import { indented } from "../../words/json-layout.ts";
import { bytesInWords, visible } from "../../words/text.ts";

const SHOWN_CHARS = 4096;
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu;

export function JsonText({ text }: { readonly text: string }) {
  const [whole, setWhole] = useState(false);
  const shown = indented(text);
  const cut = shown.length > SHOWN_CHARS && !whole;
  return (
    <>
      <pre>{parts(visible(cut ? shown.slice(0, SHOWN_CHARS) : shown))}</pre>
      {cut && (
        <button type="button" class="b q sm" onClick={() => setWhole(true)}>
          Show all {bytesInWords(shown.length)}
        </button>
      )}
    </>
  );
}

/** Names, texts and numbers in colours. Each part is a text node. */
function parts(text: string) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [token, string, colon] = match;
    found.push(text.slice(from, match.index));
    const kind = string === undefined ? "j-n" : colon === undefined ? "j-s" : "j-k";
    found.push(
      <span key={match.index} class={kind}>
        {token}
      </span>,
    );
    from = match.index + token.length;
  }
  return [...found, text.slice(from)];
}
