/** The lines of the user's code around the place of an error: on a development server, which has the files. */
import { useEffect, useState } from "preact/hooks";
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { askFields } from "../../admin/client.ts";
import { useServer } from "../../admin/server.ts";
import { visible } from "../../words/text.ts";

interface Source {
  readonly place: string;
  readonly line: number;
  readonly first: number;
  readonly lines: readonly string[];
  readonly changed: boolean;
}

const sourceOf = (answer: AnswerFields): Source => ({
  place: `${answer.text("file")}:${answer.number("line")}`,
  line: answer.number("line"),
  first: answer.number("first"),
  lines: answer.list("lines").map(String),
  changed: answer.flag("changed"),
});

/** `stack`: of the last failure. Asked for again when that is another one. */
export function SourceLines({ id, stack }: { readonly id: string; readonly stack: string }) {
  const source = useSource(id, stack);
  if (source === undefined) return null;
  const { place, line, first, lines, changed } = source;
  return (
    <>
      <div
        class="codeframe"
        role="img"
        aria-label={`${visible(place)}: ${visible(lines[line - first] ?? "")}`}
      >
        {lines.map((text, index) => (
          <div key={first + index} class={first + index === line ? "hit" : undefined}>
            <i>{first + index}</i>
            {visible(text)}
          </div>
        ))}
      </div>
      {changed && (
        <p class="pad sub">The file has changed since this code was deployed: the line may be another one.</p>
      )}
    </>
  );
}

function useSource(id: string, stack: string): Source | undefined {
  const isLocal = useServer().data?.kind === "local";
  const [known, setKnown] = useState<{ readonly stack: string; readonly source: Source | undefined }>();
  useEffect(() => {
    if (!isLocal) return;
    const gone = new AbortController();
    askFields(`/dev/source?${new URLSearchParams({ invocation_id: id }).toString()}`, { signal: gone.signal })
      .then((answer) => setKnown({ stack, source: sourceOf(answer) }))
      // There are no lines, or the server is an older one: the frames say where it was.
      .catch(() => setKnown({ stack, source: undefined }));
    return () => gone.abort();
  }, [id, stack, isLocal]);
  return known?.stack === stack ? known.source : undefined;
}
