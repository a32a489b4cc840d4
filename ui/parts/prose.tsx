/** A short text of our documentation: headings, paragraphs, lists, code. All of it becomes text nodes. */
import type { ComponentChildren } from "preact";

export function Prose({ text }: { readonly text: string }) {
  return (
    <div class="prose">
      {blocksOf(text).map((block, index) => (
        <Block key={index} text={block} />
      ))}
    </div>
  );
}

/** What empty lines part; code between fences stays together. */
function blocksOf(text: string): readonly string[] {
  return text
    .split(/(```[\s\S]*?```)/u)
    .flatMap((part) => (part.startsWith("```") ? [part] : part.split(/\n\s*\n/u)))
    .map((block) => block.trim())
    .filter((block) => block !== "");
}

function Block({ text }: { readonly text: string }) {
  const heading = /^#{1,6} (.*)$/u.exec(text)?.[1];
  if (heading !== undefined) return <h3>{inline(heading)}</h3>;
  if (text.startsWith("```")) return <pre>{text.replaceAll(/^```.*\n?|```$/gmu, "")}</pre>;
  if (/^(?:[-*]|\d+\.) /u.test(text))
    return (
      <ul>
        {text.split(/\n(?=(?:[-*]|\d+\.) )/u).map((item, index) => (
          <li key={index}>{inline(item.replace(/^(?:[-*]|\d+\.) /u, ""))}</li>
        ))}
      </ul>
    );
  return <p>{inline(text)}</p>;
}

/** `code`, **bold**, and of a link its words. */
function inline(text: string): ComponentChildren {
  const parts = text.replaceAll(/\[([^\]]+)\]\([^)]+\)/gu, "$1").split(/(`[^`]+`|\*\*[^*]+\*\*)/u);
  return parts.map((part, index) => {
    if (part.startsWith("`")) return <code key={index}>{part.slice(1, -1)}</code>;
    return part.startsWith("**") ? <b key={index}>{part.slice(2, -2)}</b> : part;
  });
}
