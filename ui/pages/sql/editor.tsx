/** Where a query is written. */
import type { RefObject } from "preact";
import { Icon } from "../../parts/icon.tsx";

interface EditorProps {
  readonly text: string;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly isRunning: boolean;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly onStop: () => void;
}

const ROWS_MIN = 5;
const ROWS_MAX = 24;

export function Editor({ text, field, isRunning, onChange, onRun, onStop }: EditorProps) {
  const rows = Math.max(ROWS_MIN, Math.min(ROWS_MAX, text.split("\n").length + 1));
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
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          onRun();
        }}
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
        <span class="sub">
          <kbd>Ctrl</kbd> or <kbd>⌘</kbd> <kbd>↵</kbd> runs it. <kbd>esc</kbd> leaves the field.
        </span>
      </div>
    </section>
  );
}
