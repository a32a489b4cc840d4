/** Where a query is written. */
import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { type Completion, completionsAt, wordBefore } from "./complete.ts";
import type { Table } from "./schema.ts";

interface EditorProps {
  readonly text: string;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly tables: readonly Table[];
  readonly isRunning: boolean;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly onStop: () => void;
}

const ROWS_MIN = 5;
const ROWS_MAX = 24;

export function Editor({ text, field, tables, isRunning, onChange, onRun, onStop }: EditorProps) {
  const [at, setAt] = useState(0);
  const rows = Math.max(ROWS_MIN, Math.min(ROWS_MAX, text.split("\n").length + 1));
  const found = completionsAt(text, at, tables);
  const complete = ({ name }: Completion): void => {
    const { current } = field;
    if (current === null) return;
    current.setRangeText(name, at - wordBefore(text, at).length, at, "end");
    onChange(current.value);
    setAt(current.selectionStart);
    current.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    const withControl = event.ctrlKey || event.metaKey;
    const [first] = found;
    if (event.key === "Escape") field.current?.blur();
    else if (event.key === "Enter" && withControl) onRun();
    else if (event.key === " " && event.ctrlKey && first) complete(first);
    else return;
    event.preventDefault();
  };
  return (
    <section class="card" aria-label="Query">
      <textarea
        ref={field}
        class="code sql-text"
        aria-label="Query in SQL"
        spellcheck={false}
        autocapitalize="off"
        rows={rows}
        value={text}
        onInput={(event) => {
          onChange(event.currentTarget.value);
          setAt(event.currentTarget.selectionStart);
        }}
        onSelect={(event) => setAt(event.currentTarget.selectionStart)}
        onKeyDown={onKey}
      />
      <div class="row wrap pad">
        {isRunning ? (
          <button type="button" class="b" onClick={onStop}>
            <Icon name="cross" small />
            Stop
          </button>
        ) : (
          <button type="button" class="b p" disabled={text.trim() === ""} onClick={onRun}>
            <Icon name="play" small />
            Run
          </button>
        )}
        {found.length === 0 ? <Hint /> : <Completions of={found} onChoose={complete} />}
      </div>
    </section>
  );
}

const Hint = () => (
  <span class="sub only-wide">
    <kbd>Ctrl</kbd> or <kbd>⌘</kbd> <kbd>↵</kbd> runs it, <kbd>Ctrl</kbd> <kbd>space</kbd> completes a name,{" "}
    <kbd>esc</kbd> leaves the field.
  </span>
);

interface CompletionsProps {
  readonly of: readonly Completion[];
  readonly onChoose: (completion: Completion) => void;
}
const Completions = ({ of, onChoose }: CompletionsProps) => (
  <span class="row wrap completions" role="group" aria-label="Completions: Ctrl space takes the first">
    {of.map((one, index) => (
      <button
        key={one.name}
        type="button"
        class="b sm"
        title={one.kind}
        // The cursor must stay where it is.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => onChoose(one)}
      >
        <span class="mono">{one.name}</span>
        {index === 0 && <kbd class="only-wide">Ctrl space</kbd>}
      </button>
    ))}
  </span>
);
