/** The state of a key, to look at and to change. A change is reviewed before it is queued. */
import { useState } from "preact/hooks";
import { CopyButton } from "../../parts/copy.tsx";
import { Table } from "../../parts/table.tsx";
import { Icon } from "../../parts/icon.tsx";
import { jsonParts } from "../../parts/value.tsx";
import { indented } from "../../words/json-layout.ts";
import { bytesInWords, counted, visible } from "../../words/text.ts";
import { EditSent } from "./edit-sent.tsx";
import { Review } from "./review.tsx";
import { type KeyState, type StateValue } from "./state-changes.ts";
import { type StateEdit, useStateEdit } from "./state-edit.ts";
import { NewName, ValueEditor } from "./value-editor.tsx";

interface StateProps {
  readonly service: string;
  readonly keyText: string;
  readonly state: KeyState;
  /** Where an edit will stand in the queue. */
  readonly place: string;
  readonly note?: string | undefined;
}

const SHOWN_CHARS = 2048;

export function StateCard({ service, keyText, state, place, note }: StateProps) {
  const edit = useStateEdit(service, keyText, state);
  const [adding, setAdding] = useState(false);
  const [reviewing, setReviewing] = useState(false);
  const { values } = edit.base;
  const added = [...edit.draft].filter(
    ([name, text]) => text !== undefined && !values.some((value) => value.name === name),
  );
  const review = (): void => setReviewing(true);
  return (
    <section class="card" aria-label="State" id="state">
      <header>
        <Icon name="state" />
        <h2 class="grow">State</h2>
        <span class="sub num">{note ?? sizeInWords(values)}</span>
        <button type="button" class="b sm" onClick={() => setAdding(true)}>
          <Icon name="plus" small />
          Name
        </button>
      </header>
      {edit.sent && <EditSent sent={edit.sent} edit={edit} now={state} onReview={review} />}
      {edit.draft.size > 0 && edit.base.version !== state.version && <Overtaken edit={edit} />}
      <ValueTable edit={edit} added={added} adding={adding} onReview={review} />
      {adding && (
        <NewName
          taken={[...values.map(({ name }) => name), ...edit.draft.keys()]}
          onAdd={(name) => {
            edit.set(name, "");
            setAdding(false);
          }}
          onClose={() => setAdding(false)}
        />
      )}
      {edit.changes.length > 0 && <Unsent edit={edit} onReview={review} />}
      {reviewing && <Review {...{ service, keyText, edit, place }} onClose={() => setReviewing(false)} />}
    </section>
  );
}

function sizeInWords(values: readonly StateValue[]): string {
  if (values.length === 0) return "";
  const bytes = values.reduce((sum, value) => sum + value.bytes, 0);
  return `${counted(values.length, "name")} · ${bytesInWords(bytes)}`;
}

interface TableProps {
  readonly edit: StateEdit;
  readonly added: readonly (readonly [string, string | undefined])[];
  readonly adding: boolean;
  readonly onReview: () => void;
}

/** A key may have ten thousand names: so many rows are shown, and more when they are asked for. */
const ROWS_A_PAGE = 200;

function ValueTable({ edit, added, adding, onReview }: TableProps) {
  const [rows, setRows] = useState(ROWS_A_PAGE);
  const { values, more } = edit.base;
  if (values.length === 0 && added.length === 0)
    return adding ? null : (
      <p class="pad muted">This key has no state: no handler has set any, or all was cleared.</p>
    );
  return (
    <>
      <Table class="st-t" head={["Name", "Value", { name: "Bytes", class: "r" }, { actions: true }]}>
        {values.slice(0, rows).map((value) => (
          <ValueRow key={value.name} {...{ value, edit, onReview }} />
        ))}
        {added.map(([name, text]) => (
          <AddedRow key={name} {...{ name, text: text ?? "", edit, onReview }} />
        ))}
      </Table>
      {values.length > rows && (
        <button type="button" class="b q sm" onClick={() => setRows(rows + ROWS_A_PAGE)}>
          {counted(values.length - rows, "more name")}
        </button>
      )}
      {more && (
        <p class="pad sub">
          There is more state than is shown here. It cannot be edited on this page; SQL and{" "}
          <code>perdure state</code> have all of it.
        </p>
      )}
    </>
  );
}

const Unsent = ({ edit, onReview }: { readonly edit: StateEdit; readonly onReview: () => void }) => (
  <footer class="pad row wrap between edits">
    <span class="sub">{counted(edit.changes.length, "change")}, not sent yet</span>
    <span class="row">
      <button type="button" class="b sm" onClick={edit.discard}>
        Discard
      </button>
      <button type="button" class="b sm p" onClick={onReview}>
        Review {edit.changes.length === 1 ? "change" : "changes"}…
      </button>
    </span>
  </footer>
);

const Overtaken = ({ edit }: { readonly edit: StateEdit }) => (
  <div class="alert a-retry pad row wrap between" role="status">
    <span>The state has become another since you began. Your edit would be refused.</span>
    <button type="button" class="b sm" onClick={() => edit.begin(edit.draft)}>
      Put it on the new state
    </button>
  </div>
);

interface RowProps {
  readonly value: StateValue;
  readonly edit: StateEdit;
  readonly onReview: () => void;
}

function ValueRow({ value, edit, onReview }: RowProps) {
  const { name, text, base64 } = value;
  const { draft } = edit;
  if (draft.has(name)) {
    const drafted = draft.get(name);
    return drafted === undefined ? (
      <tr class="gone-row">
        <NameCell name={name} />
        <td class="full muted" colSpan={2}>
          <s>{visible((text ?? base64 ?? "").slice(0, 60))}</s> is taken away
        </td>
        <td class="r nowrap">
          <button type="button" class="b sm" onClick={() => edit.drop(name)}>
            Keep it
          </button>
        </td>
      </tr>
    ) : (
      <tr aria-selected="true">
        <NameCell name={name} />
        <td class="full" colSpan={3}>
          <ValueEditor {...{ name, text: drafted, edit, onReview }} />
        </td>
      </tr>
    );
  }
  return (
    <tr class="go">
      <NameCell name={name} />
      <td class="mono full c-w">
        <ShownValue value={value} />
      </td>
      <td class="r num muted nowrap">{value.bytes.toLocaleString("en-GB")}</td>
      <td class="r nowrap">
        {text !== undefined && (
          <button
            type="button"
            class="b q sm ic"
            aria-label={`Edit ${visible(name)}`}
            title="Edit"
            onClick={() => edit.set(name, indented(text))}
          >
            <Icon name="edit" small />
          </button>
        )}
        {(text ?? base64) !== undefined && (
          <CopyButton text={text ?? base64 ?? ""} what={`value of ${visible(name)}`} />
        )}
        <button
          type="button"
          class="b q sm ic"
          aria-label={`Take ${visible(name)} away`}
          title="Take away"
          onClick={() => edit.set(name, undefined)}
        >
          <Icon name="cross" small />
        </button>
      </td>
    </tr>
  );
}

interface AddedProps {
  readonly name: string;
  readonly text: string;
  readonly edit: StateEdit;
  readonly onReview: () => void;
}
const AddedRow = ({ name, text, edit, onReview }: AddedProps) => (
  <tr aria-selected="true">
    <NameCell name={name} />
    <td class="full" colSpan={3}>
      <ValueEditor {...{ name, text, edit, onReview }} />
    </td>
  </tr>
);

const NameCell = ({ name }: { readonly name: string }) => (
  <td class="mono c-n">
    <bdi class="cut" title={visible(name)}>
      {visible(name)}
    </bdi>
  </td>
);

/** Two lines of it; a click shows the first 2 KB, and then all. */
function ShownValue({ value: { name, text, base64, omitted, bytes } }: { readonly value: StateValue }) {
  const [shown, setShown] = useState<"two lines" | "much" | "all">("two lines");
  if (omitted) return <span class="muted">{bytesInWords(bytes)}: too long to be shown here</span>;
  if (text === undefined)
    return (
      <>
        <div class="clamp2">{base64}</div>
        <span class="sub">bytes that are no text, in base64</span>
      </>
    );
  if (shown === "two lines") {
    const isShort = text.length < 60;
    return isShort ? (
      <div class="clamp2">{visible(text)}</div>
    ) : (
      <button
        type="button"
        class="clamp2 val-more"
        title="Show it"
        aria-label={`Show the value of ${visible(name)}`}
        onClick={() => setShown("much")}
      >
        {visible(text.slice(0, 300))}
      </button>
    );
  }
  const whole = indented(text);
  const cut = shown === "much" && whole.length > SHOWN_CHARS;
  return (
    <>
      <pre>{jsonParts(visible(cut ? whole.slice(0, SHOWN_CHARS) : whole))}</pre>
      <span class="row">
        {cut && (
          <button type="button" class="b q sm" onClick={() => setShown("all")}>
            Show all {bytesInWords(bytes)}
          </button>
        )}
        <button type="button" class="b q sm" onClick={() => setShown("two lines")}>
          Fold
        </button>
      </span>
    </>
  );
}
