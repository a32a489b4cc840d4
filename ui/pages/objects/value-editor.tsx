/** A value as text to be changed, with a check: is it JSON? */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { notJson } from "../../words/json-layout.ts";
import { visible } from "../../words/text.ts";
import type { StateEdit } from "./state-edit.ts";

interface EditorProps {
  readonly name: string;
  readonly text: string;
  readonly edit: StateEdit;
  readonly onReview: () => void;
}

const ROWS_MAX = 14;
const ROWS_MIN = 1;

export function ValueEditor({ name, text, edit, onReview }: EditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const fault = notJson(text);
  const changed = edit.changes.some((change) => change.name === name);
  return (
    <div class="form">
      <textarea
        ref={field}
        class="code"
        rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, text.split("\n").length))}
        aria-label={`Value of ${visible(name)}`}
        spellcheck={false}
        value={text}
        onInput={(event) => edit.set(name, event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && changed) onReview();
          if (event.key === "Escape") edit.drop(name);
        }}
      />
      <div class="row wrap between">
        {fault === undefined ? (
          <span class="sub okay">
            <Icon name="check" small /> valid JSON
          </span>
        ) : (
          <span class="sub warned">
            <Icon name="warn" small /> no JSON, so a handler could not read it: {visible(fault)}
          </span>
        )}
        <span class="row">
          <button type="button" class="b sm" onClick={() => edit.drop(name)}>
            Undo
          </button>
          <button type="button" class="b sm p" disabled={!changed} onClick={onReview}>
            Review change…
          </button>
        </span>
      </div>
    </div>
  );
}

interface NewNameProps {
  readonly taken: readonly string[];
  readonly onAdd: (name: string) => void;
  readonly onClose: () => void;
}

export function NewName({ taken, onAdd, onClose }: NewNameProps) {
  const [name, setName] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const fault = taken.includes(name) ? "There is this name already." : undefined;
  const ready = name !== "" && fault === undefined;
  return (
    <form
      class="pad row wrap"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onAdd(name);
      }}
    >
      <input
        ref={field}
        class="mono grow"
        aria-label="New name"
        placeholder="A new name"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && onClose()}
      />
      <button type="submit" class="b sm" disabled={!ready}>
        Add
      </button>
      <button type="button" class="b sm" onClick={onClose}>
        Cancel
      </button>
      {fault !== undefined && <span class="err">{fault}</span>}
    </form>
  );
}
