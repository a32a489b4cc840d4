/** What can be done with those that are selected. */
import { useState } from "preact/hooks";
import type { Invocation } from "../../admin/invocation.ts";
import { useServer } from "../../admin/server.ts";
import { Icon } from "../../parts/icon.tsx";
import { BulkDialog } from "./bulk-dialog.tsx";
import { type Verb, VERBS } from "./bulk.ts";

interface BulkBarProps {
  readonly selected: readonly Invocation[];
  /** Whether more match than are selected. */
  readonly canTakeAll: boolean;
  readonly isCut: boolean;
  readonly onTakeAll: () => void;
  readonly onClear: () => void;
}

const ORDER: readonly Verb[] = ["resume", "pause", "cancel", "kill", "restart-as-new", "purge"];

export function BulkBar({ selected, canTakeAll, isCut, onTakeAll, onClear }: BulkBarProps) {
  const isReadOnly = useServer().data?.isReadOnly === true;
  const [verb, setVerb] = useState<Verb>();
  // They are gone from the selection once it is done: the dialog keeps what it was opened with.
  const [asked, setAsked] = useState<readonly Invocation[]>([]);
  return (
    <>
      {selected.length > 0 && (
        <div class="bulk" role="toolbar" aria-label="Selected invocations">
          <span class="grow" role="status">
            <b class="num">{selected.length.toLocaleString("en-GB")}</b> selected
            {canTakeAll && (
              <>
                {" · "}
                <button type="button" class="textual" onClick={onTakeAll}>
                  all that match
                </button>
              </>
            )}
          </span>
          {isReadOnly && <span>You may look here, and change nothing.</span>}
          {(isReadOnly ? [] : ORDER).map((one) => (
            <button
              key={one}
              type="button"
              class="b sm"
              onClick={() => {
                setAsked(selected);
                setVerb(one);
              }}
            >
              {VERBS[one].label}…
            </button>
          ))}
          <button
            type="button"
            class="b sm ic"
            aria-label="Clear the selection"
            title="esc"
            onClick={onClear}
          >
            <Icon name="cross" small />
          </button>
        </div>
      )}
      {verb !== undefined && (
        <BulkDialog
          verb={verb}
          rows={asked}
          isCut={isCut}
          onClose={() => setVerb(undefined)}
          onDone={onClear}
        />
      )}
    </>
  );
}
