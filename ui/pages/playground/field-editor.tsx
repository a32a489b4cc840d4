/** One field of an input's form, and those within it. */
import { useId, useState } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { messageOf, visible } from "../../words/text.ts";
import type { Fault } from "./check.ts";
import { beginning, type Field, type Json } from "./schema.ts";

export interface EditorProps {
  readonly field: Field;
  readonly name: string;
  /** As faults name it. */
  readonly path: string;
  readonly required: boolean;
  /** `undefined`: absent. */
  readonly value: Json | undefined;
  readonly faults: readonly Fault[];
  readonly onChange: (value: Json | undefined) => void;
}

export function FieldEditor(props: EditorProps) {
  switch (props.field.kind) {
    case "object":
      return <ObjectEditor {...props} fields={props.field.fields} />;
    case "list":
      return <ListEditor {...props} item={props.field.item} max={props.field.max} />;
    case "yes or no":
      return <CheckEditor {...props} />;
    case "choice":
    case "json":
    case "number":
    case "text":
      return <LineEditor {...props} />;
  }
}

type Members = Extract<Field, { kind: "object" }>["fields"];
const membersOf = (value: Json | undefined): Readonly<Record<string, Json>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : {};

function ObjectEditor({ fields, ...props }: EditorProps & { readonly fields: Members }) {
  const { field, name, path, required, value, faults, onChange } = props;
  if (value === undefined && !required) return <Absent {...props} what={name} />;
  const members = membersOf(value);
  const change = (member: string, next: Json | undefined): void => {
    const others = Object.entries(members).filter(([each]) => each !== member);
    const order = fields.map((each) => each.name);
    const all = next === undefined ? others : [...others, [member, next] as const];
    onChange(Object.fromEntries(all.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))));
  };
  return (
    <fieldset>
      <legend>
        {visible(name === "" ? (field.title ?? "Input") : name)}{" "}
        {!required && <Remove what={name} onRemove={() => onChange(undefined)} />}
      </legend>
      <Description of={field} />
      <Faults of={faults} path={path} />
      {fields.map((member) => (
        <FieldEditor
          key={member.name}
          field={member.field}
          name={member.name}
          path={path === "" ? member.name : `${path}.${member.name}`}
          required={member.required}
          value={Object.hasOwn(members, member.name) ? members[member.name] : undefined}
          faults={faults}
          onChange={(next) => change(member.name, next)}
        />
      ))}
      {fields.length === 0 && <span class="sub">It has no fields.</span>}
    </fieldset>
  );
}

function ListEditor({
  item,
  max,
  ...props
}: EditorProps & { readonly item: Field; readonly max: number | undefined }) {
  const { field, name, path, required, value, faults, onChange } = props;
  const items: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [];
  const put = (next: readonly Json[]): void => onChange(next.length === 0 && !required ? undefined : next);
  return (
    <fieldset>
      <legend>
        {visible(name === "" ? (field.title ?? "Input") : name)}{" "}
        <span class="muted">
          {items.length}
          {max === undefined ? "" : ` of at most ${max}`}
        </span>
      </legend>
      <Description of={field} />
      <Faults of={faults} path={path} />
      {items.map((each, index) => (
        <div key={index} class="list-item">
          <FieldEditor
            field={item}
            name={`${index + 1}`}
            path={`${path}[${index}]`}
            required
            value={each}
            faults={faults}
            onChange={(next) => put(items.with(index, next ?? null))}
          />
          <Remove what={`${name} ${index + 1}`} onRemove={() => put(items.toSpliced(index, 1))} />
        </div>
      ))}
      <div>
        <button type="button" class="b sm" onClick={() => put([...items, beginning(item) ?? null])}>
          <Icon name="plus" small />
          {visible(item.title ?? "Item")}
        </button>
      </div>
    </fieldset>
  );
}

const Absent = ({ what, field, onChange }: EditorProps & { readonly what: string }) => (
  <div>
    <button type="button" class="b sm" onClick={() => onChange(beginning(field) ?? null)}>
      <Icon name="plus" small />
      {visible(what)}
    </button>{" "}
    <span class="sub">optional</span>
  </div>
);

const Remove = ({ what, onRemove }: { readonly what: string; readonly onRemove: () => void }) => (
  <button
    type="button"
    class="b q sm ic"
    aria-label={`Remove ${visible(what)}`}
    title="Remove"
    onClick={onRemove}
  >
    <Icon name="cross" small />
  </button>
);

function CheckEditor({ field, name, required, value, faults, path, onChange }: EditorProps) {
  return (
    <div class="field">
      <label class="row">
        <input
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {visible(name)}
        <span class="muted">{value === undefined && !required ? "not given" : presetOf(field)}</span>
      </label>
      <Description of={field} />
      <Faults of={faults} path={path} />
    </div>
  );
}

const presetOf = ({ preset }: Field): string =>
  preset === undefined ? "boolean" : `boolean, default ${JSON.stringify(preset)}`;

function LineEditor(props: EditorProps) {
  const { field, name, path, required, faults } = props;
  const id = useId();
  const wrong = faults.some((fault) => fault.path === path);
  return (
    <div class="field">
      <label for={id}>
        {visible(name === "" ? (field.title ?? "Input") : name)}{" "}
        <span class="muted">
          {field.expected}
          {required ? "" : ", optional"}
        </span>
      </label>
      <Entry {...props} id={id} wrong={wrong} />
      <Description of={field} />
      <Faults of={faults} path={path} id={`${id}-e`} />
    </div>
  );
}

interface EntryProps extends EditorProps {
  readonly id: string;
  readonly wrong: boolean;
}

function Entry(props: EntryProps) {
  const { field, required, value, id, wrong, onChange } = props;
  const marked = { id, "aria-invalid": wrong, ...(wrong && { "aria-describedby": `${id}-e` }) };
  if (field.kind === "choice")
    return (
      <select
        {...marked}
        value={value === undefined ? "" : JSON.stringify(value)}
        onChange={({ currentTarget }) =>
          onChange(currentTarget.value === "" ? undefined : (JSON.parse(currentTarget.value) as Json))
        }
      >
        {!required && <option value="">not given</option>}
        {field.choices.map((choice) => (
          <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>
            {visible(typeof choice === "string" ? choice : JSON.stringify(choice))}
          </option>
        ))}
      </select>
    );
  if (field.kind === "number") return <NumberEntry {...props} />;
  if (field.kind === "json") return <JsonEntry {...props} />;
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  const put = (next: string): void => onChange(next === "" && !required ? undefined : next);
  return field.kind === "text" && field.long ? (
    <textarea {...marked} rows={4} value={text} onInput={(event) => put(event.currentTarget.value)} />
  ) : (
    <input {...marked} value={text} onInput={(event) => put(event.currentTarget.value)} />
  );
}

/** What is no number is sent as the text that it is, and said to be none. */
function NumberEntry({ value, required, id, wrong, onChange }: EntryProps) {
  const [typed, setTyped] = useState<string>();
  const shown = typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
  const put = (text: string): void => {
    setTyped(text);
    const number = Number(text);
    if (text.trim() === "") onChange(required ? "" : undefined);
    else onChange(Number.isFinite(number) ? number : text);
  };
  // "1." and "1e" are on their way to a number.
  const current = typed !== undefined && (Number(typed) === value || typed === value) ? typed : shown;
  const isLong = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return (
    <>
      <input
        id={id}
        inputMode="decimal"
        aria-invalid={wrong}
        {...(wrong && { "aria-describedby": `${id}-e` })}
        value={current}
        onInput={(event) => put(event.currentTarget.value)}
      />
      {isLong && <span class="err">It has more digits than this form keeps. Write it as JSON.</span>}
    </>
  );
}

function JsonEntry({ value, required, id, wrong, onChange }: EntryProps) {
  const [typed, setTyped] = useState(value === undefined ? "" : JSON.stringify(value, undefined, 2));
  const [fault, setFault] = useState<string>();
  const put = (text: string): void => {
    setTyped(text);
    try {
      onChange(text.trim() === "" && !required ? undefined : (JSON.parse(text) as Json));
      setFault(undefined);
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  return (
    <>
      <textarea
        id={id}
        class="code"
        rows={3}
        spellcheck={false}
        aria-invalid={wrong || fault !== undefined}
        value={typed}
        onInput={(event) => put(event.currentTarget.value)}
      />
      {fault !== undefined && <span class="err">This is no JSON yet, and is not sent: {fault}</span>}
    </>
  );
}

const Description = ({ of }: { readonly of: Field }) =>
  of.description === undefined ? null : <span class="hint">{visible(of.description)}</span>;

function Faults({
  of,
  path,
  id,
}: {
  readonly of: readonly Fault[];
  readonly path: string;
  readonly id?: string;
}) {
  const own = of.filter((fault) => fault.path === path);
  if (own.length === 0) return null;
  return (
    <span class="err" {...(id === undefined ? {} : { id })}>
      <Icon name="warn" small /> {own.map(({ message }) => visible(message)).join("; ")} (schema)
    </span>
  );
}
