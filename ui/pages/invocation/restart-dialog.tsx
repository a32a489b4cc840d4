/** Restart as new: from which entry on, on which deployment, and with which input. */
import { useState } from "preact/hooks";
import { Confirm } from "../../parts/dialog.tsx";
import { targetText } from "../../parts/names.tsx";
import { indented, isJson } from "../../words/json-layout.ts";
import { visible } from "../../words/text.ts";
import { restartAsNew } from "./act.ts";
import { DeploymentChoice } from "./deployment-choice.tsx";
import type { Story } from "./model/story.ts";
import { useWholeEnds } from "./whole.ts";

interface RestartProps {
  readonly story: Story;
  /** Entries that are kept, at first. */
  readonly from: number;
  readonly onClose: () => void;
}

export function RestartDialog({ story, from: first, onClose }: RestartProps) {
  const { invocation } = story;
  const { id, target, deployment } = invocation;
  const [from, setFrom] = useState(first);
  const [chosen, setChosen] = useState("latest");
  const [input, setInput] = useState<string>();
  return (
    <Confirm
      title={`Restart ${targetText(target)} as new`}
      action="Restart as new"
      onConfirm={() => restartAsNew(id, { from, deployment: chosen, ...(input !== undefined && { input }) })}
      onClose={onClose}
    >
      <p>
        A new invocation begins{input === undefined ? " with the same input" : " with the input below"}. This
        one stays as it is, and nothing that it did is undone.
      </p>
      <KeptEntries story={story} from={from} onChange={setFrom} />
      <InputEdit story={story} edited={input} onEdit={setInput} />
      {input !== undefined && from > 0 && (
        <p class="note">
          What is kept was made from the old input. If the code does something else with the new one, it
          pauses with a journal mismatch.
        </p>
      )}
      <DeploymentChoice chosen={chosen} onChoose={setChosen} own={deployment} service={target.service} />
    </Confirm>
  );
}

interface KeptProps {
  readonly story: Story;
  readonly from: number;
  readonly onChange: (from: number) => void;
}

function KeptEntries({ story: { operations, invocation }, from, onChange }: KeptProps) {
  const { journalSize } = invocation;
  const kept = operations.filter(({ entries }) => (entries[0]?.index ?? Infinity) < from);
  const next = operations.find(({ entries }) => (entries[0]?.index ?? -1) >= from);
  return (
    <label class="field">
      <span class="lab">Entries of the journal to keep</span>
      <input
        type="number"
        min={0}
        max={journalSize}
        value={from}
        onInput={({ currentTarget: { valueAsNumber } }) =>
          onChange(Math.max(0, Math.min(journalSize, Number.isNaN(valueAsNumber) ? 0 : valueAsNumber)))
        }
      />
      <span class="hint">
        {from === 0
          ? "None: every step runs again. What has an effect outside happens a second time."
          : `${kept.length} of its operations are not done again.`}
        {next && from > 0 ? ` The first that is done again is “${visible(next.title)}”.` : ""}
      </span>
    </label>
  );
}

interface EditProps {
  readonly story: Story;
  /** `undefined`: it is the old one. */
  readonly edited: string | undefined;
  readonly onEdit: (input: string | undefined) => void;
}

const ROWS_MAX = 14;

function InputEdit({ story, edited, onEdit }: EditProps) {
  const { input } = useWholeEnds(story.invocation.id, story);
  // A part of it must not become the whole.
  const old = input?.cutOfBytes === undefined ? input?.text : undefined;
  if (edited === undefined)
    return (
      <p>
        <button
          type="button"
          class="b sm"
          disabled={old === undefined && input !== undefined}
          onClick={() => onEdit(indented(old ?? ""))}
        >
          Edit the input…
        </button>
        {old === undefined && input !== undefined && <span class="sub"> It is no text, or too large.</span>}
      </p>
    );
  return (
    <div class="field">
      <label class="field">
        <span class="lab">Input</span>
        <textarea
          class="code"
          rows={Math.min(ROWS_MAX, edited.split("\n").length + 1)}
          value={edited}
          onInput={(event) => onEdit(event.currentTarget.value)}
        />
      </label>
      {edited !== "" && !isJson(edited) && (
        <span class="err">This is not JSON. Its code may not be able to read it.</span>
      )}
      <span>
        <button type="button" class="b q sm" onClick={() => onEdit(undefined)}>
          Take the old input
        </button>
      </span>
    </div>
  );
}
