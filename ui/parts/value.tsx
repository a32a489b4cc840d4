/** A value of the user's: JSON as a tree to read, text, or bytes. It is data: nothing in it can run or break the page. */
import { useState } from "preact/hooks";
import { indented } from "../words/json-layout.ts";
import { bytesInWords, visible } from "../words/text.ts";
import { CopyButton } from "./copy.tsx";

/** So much is shown first; more when it is asked for. */
const SHOWN_CHARS = 2048;

interface ValueProps {
  readonly title: string;
  /** Absent: there is none, or it is not kept. */
  readonly text: string | undefined;
  /** In base64 if it is no text. */
  readonly base64?: string | undefined;
  readonly absent?: string;
}

export function ValueBox({ title, text, base64, absent = "nothing" }: ValueProps) {
  const [whole, setWhole] = useState(false);
  const raw = text ?? base64;
  const shown = text === undefined ? base64 : indented(text);
  const cut = shown !== undefined && shown.length > SHOWN_CHARS && !whole;
  return (
    <div class="val">
      <header>
        <span class="grow">{title}</span>
        {raw !== undefined && <span>{bytesInWords(new TextEncoder().encode(raw).length)}</span>}
        {raw !== undefined && <CopyButton text={raw} what={title.toLowerCase()} />}
      </header>
      {shown === undefined ? (
        <p class="pad muted">{absent}</p>
      ) : (
        <pre>{jsonParts(visible(cut ? shown.slice(0, SHOWN_CHARS) : shown))}</pre>
      )}
      {cut && (
        <button type="button" class="b q sm" onClick={() => setWhole(true)}>
          Show all of it
        </button>
      )}
      {text === undefined && base64 !== undefined && (
        <p class="pad sub">Bytes that are no text, in base64.</p>
      )}
    </div>
  );
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/gu;
/** Names, texts and numbers in colours. Each part is a text node. */
export function jsonParts(text: string) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(TOKENS)) {
    const [token, string, colon] = found;
    parts.push(text.slice(from, found.index));
    const kind = string === undefined ? "j-n" : colon === undefined ? "j-s" : "j-k";
    parts.push(
      <span key={found.index} class={kind}>
        {token}
      </span>,
    );
    from = found.index + token.length;
  }
  return [...parts, text.slice(from)];
}
