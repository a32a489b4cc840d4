/** The request: key, input, headers, and the button that sends it. */
import type { RefObject } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { HandlerInfo } from "../../admin/service.ts";
import { Icon } from "../../parts/icon.tsx";
import { indented, isJson } from "../../words/json-layout.ts";
import { counted, visible } from "../../words/text.ts";
import { FieldEditor } from "./field-editor.tsx";
import { type Draft, hindrances, isKeyed, JSON_TYPE } from "./request.ts";
import type { Play } from "./use-playground.ts";

interface RequestProps {
  readonly play: Play;
  readonly handler: HandlerInfo;
  readonly missing: string | undefined;
}

export function RequestCard({ play, handler, missing }: RequestProps) {
  const { draft, change, submit, faults } = play;
  const hindered = hindrances(draft);
  const ready = hindered.length === 0 && handler.isPublic;
  const go = (): void => {
    if (ready) void submit();
  };
  const form = useSubmitKey(go);
  return (
    <section class="card" aria-label="Request">
      <header>
        <Target draft={draft} />
        <span class="seg" role="group" aria-label="How">
          {(["call", "send"] as const).map((how) => (
            <button key={how} type="button" aria-pressed={draft.how === how} onClick={() => change({ how })}>
              {how === "call" ? "Call" : "Send"}
            </button>
          ))}
        </span>
      </header>
      <form
        ref={form}
        class="pad form"
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        {missing !== undefined && <p class="note warned">{missing} This is another one.</p>}
        <About handler={handler} draft={draft} />
        <Addressed play={play} />
        <Input key={play.revision} play={play} />
        <Headers draft={draft} change={change} />
        {!handler.isPublic && (
          <p class="note warned">
            <Icon name="lock" small /> This handler is private: other handlers call it, and nobody from
            outside.
          </p>
        )}
        {hindered.map((each) => (
          <p class={draft.key === "" ? "sub" : "err"} key={each}>
            {visible(each)}
          </p>
        ))}
        <div class="row wrap between">
          <span class="sub">
            {faults.length > 0 &&
              `${counted(faults.length, "fault")} by the schema. You may send it all the same.`}
          </span>
          <span class="row send">
            <kbd class="only-wide">⌘ ↵</kbd>
            <button type="submit" class="b p" disabled={!ready}>
              <Icon name={draft.how === "call" ? "play" : "send"} small />
              {draft.how === "call" ? "Call" : "Send to"} {visible(draft.handler)}
            </button>
          </span>
        </div>
      </form>
    </section>
  );
}

/** ⌘ and Enter, or Ctrl and Enter, from any field. */
function useSubmitKey(go: () => void): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    const { current } = form;
    const pressed = (event: KeyboardEvent): void => {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) go();
    };
    current?.addEventListener("keydown", pressed);
    return () => current?.removeEventListener("keydown", pressed);
  });
  return form;
}

const Target = ({ draft }: { readonly draft: Draft }) => (
  <h2 class="grow tgt">
    <bdi class="sv">{visible(draft.service)}</bdi>
    <span class="sl">/</span>
    {isKeyed(draft) && (
      <>
        <bdi class="k">{draft.key === "" ? "…" : visible(draft.key)}</bdi>
        <span class="sl">/</span>
      </>
    )}
    <bdi class="h">{visible(draft.handler)}</bdi>
  </h2>
);

function About({ handler, draft }: { readonly handler: HandlerInfo; readonly draft: Draft }) {
  const told = handler.fields.optionalText("documentation");
  const kind =
    draft.handlerKind === "Workflow"
      ? "It runs once for each key; a second call of the same key is refused."
      : draft.handlerKind === "Shared"
        ? "It is shared: it runs at once, beside whatever has the key."
        : draft.handlerKind === "Exclusive"
          ? "It needs its key: it waits until no other call has it."
          : undefined;
  return told === undefined && kind === undefined ? null : (
    <p class="muted">{[told === undefined ? undefined : visible(told), kind].filter(Boolean).join(" ")}</p>
  );
}

function Addressed({ play: { draft, change } }: { readonly play: Play }) {
  return (
    <div class="addressed">
      {isKeyed(draft) && (
        <Line
          name="Key"
          note={`of the ${draft.type === "Workflow" ? "workflow" : "object"}`}
          value={draft.key}
          onChange={(key) => change({ key })}
        />
      )}
      {draft.handlerKind !== "Workflow" && (
        <Line
          name="Idempotency key"
          note="optional"
          placeholder="none: each call is another"
          value={draft.idempotencyKey}
          onChange={(idempotencyKey) => change({ idempotencyKey })}
        />
      )}
      {draft.how === "send" && (
        <Line
          name="Delay"
          note="optional"
          placeholder="none: it starts at once"
          value={draft.delay}
          onChange={(delay) => change({ delay: delay.trim() })}
        />
      )}
    </div>
  );
}

interface LineProps {
  readonly name: string;
  readonly note: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Line({ name, note, placeholder = "", value, onChange }: LineProps) {
  const id = useId();
  return (
    <div class="field">
      <span>
        <label class="lab" for={id}>
          {name}
        </label>{" "}
        <span class="muted">{note}</span>
      </span>
      <input
        id={id}
        class="mono"
        placeholder={placeholder}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}

function Input({ play }: { readonly play: Play }) {
  const { field, isForm, showForm } = play;
  const [refused, setRefused] = useState<string>();
  return (
    <>
      <div class="row between">
        <span class="lab">Input</span>
        {field && (
          <span class="seg" role="group" aria-label="Input as">
            <button type="button" aria-pressed={isForm} onClick={() => setRefused(showForm(true))}>
              Form
            </button>
            <button type="button" aria-pressed={!isForm} onClick={() => setRefused(showForm(false))}>
              JSON
            </button>
          </span>
        )}
      </div>
      {refused !== undefined && <p class="err">{refused}</p>}
      {field && isForm ? (
        <FieldEditor
          field={field}
          name=""
          path=""
          required
          value={play.value}
          faults={play.faults}
          onChange={play.setValue}
        />
      ) : (
        <RawInput play={play} />
      )}
    </>
  );
}

const ROWS_MIN = 4;
const ROWS_MAX = 24;

function RawInput({ play: { draft, change, faults, field } }: { readonly play: Play }) {
  const [typed, setTyped] = useState(indented(draft.input));
  const isText = draft.contentType !== JSON_TYPE;
  const bad = draft.input !== "" && !isText && !isJson(draft.input);
  return (
    <div class="field">
      <textarea
        class="code"
        aria-label="Input"
        spellcheck={false}
        placeholder={
          isText ? `as ${draft.contentType}` : 'JSON. Empty: no input. For example {"name": "Ada"}'
        }
        rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, typed.split("\n").length))}
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          change({ input: event.currentTarget.value });
        }}
      />
      {bad && (
        <span class="err">
          <Icon name="warn" small /> This is no JSON, which the handler expects.
        </span>
      )}
      {faults.map(({ path, message }) => (
        <span class="err" key={`${path} ${message}`}>
          <Icon name="warn" small /> {path === "" ? "it" : <span class="mono">{visible(path)}</span>}{" "}
          {visible(message)}
          {" (schema)"}
        </span>
      ))}
      {!field && !bad && (
        <span class="hint">
          The handler declares no schema, so nothing is known of its input. With{" "}
          <code>{"{ input: serde.schema(…) }"}</code> there is a form here.
        </span>
      )}
    </div>
  );
}

interface HeadersProps {
  readonly draft: Draft;
  readonly change: Play["change"];
}

function Headers({ draft: { headers }, change }: HeadersProps) {
  const [open, setOpen] = useState(headers.length > 0);
  const id = useId();
  const rows = headers.length === 0 ? [["", ""] as const] : headers;
  const put = (index: number, header: readonly [string, string]): void =>
    change({ headers: rows.with(index, header).filter(([name, value]) => name !== "" || value !== "") });
  return (
    <div class="form">
      <div>
        <button
          type="button"
          class="b q sm"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? "down" : "chev"} small />
          Headers <span class="n">{headers.length}</span>
        </button>
      </div>
      {open && (
        <div id={id} class="form">
          {rows.map(([name, value], index) => (
            <div class="grid2" key={index}>
              <input
                placeholder="name"
                aria-label={`Name of header ${index + 1}`}
                value={name}
                onInput={(event) => put(index, [event.currentTarget.value, value])}
              />
              <input
                placeholder="value"
                aria-label={`Value of header ${index + 1}`}
                value={value}
                onInput={(event) => put(index, [name, event.currentTarget.value])}
              />
            </div>
          ))}
          <div>
            <button type="button" class="b sm" onClick={() => change({ headers: [...rows, ["", ""]] })}>
              <Icon name="plus" small />
              Header
            </button>
          </div>
        </div>
      )}
    </div>
  );
}
