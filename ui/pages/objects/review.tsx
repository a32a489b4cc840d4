/** What an edit changes, before it is queued: as a diff, with where it will stand. */
import { useServer } from "../../admin/server.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { Diff } from "../../parts/diff.tsx";
import { notJson } from "../../words/json-layout.ts";
import { visible } from "../../words/text.ts";
import { unknownNames } from "./state-changes.ts";
import type { StateEdit } from "./state-edit.ts";

interface ReviewProps {
  readonly service: string;
  readonly keyText: string;
  readonly edit: StateEdit;
  readonly place: string;
  readonly onClose: () => void;
}

export function Review({ service, keyText, edit, place, onClose }: ReviewProps) {
  const { data: server } = useServer();
  const { changes, base, draft } = edit;
  const lost = unknownNames(base, draft);
  const refused = lost.length > 0 || base.more;
  const unread = changes.filter(({ after }) => after !== undefined && notJson(after) !== undefined);
  return (
    <Confirm
      title={`Change the state of ${visible(service)}/${visible(keyText)}`}
      action="Queue the change"
      back="Back"
      typed={
        server?.isProduction === true && changes.some(({ kind }) => kind === "removed") ? keyText : undefined
      }
      onConfirm={async () => {
        if (refused) throw new Error("This state is too large to be edited here. Use perdure state.");
        await edit.submit();
      }}
      onClose={onClose}
    >
      <div class="form">
        {changes.length === 0 && <p>Nothing is changed.</p>}
        {changes.map(({ name, kind, before, after }) => (
          <section key={name}>
            <h3 class="mono">
              <bdi>{visible(name)}</bdi> <span class="sub">{kind}</span>
            </h3>
            <Diff before={before} after={after} title={`Change of ${visible(name)}`} />
          </section>
        ))}
        {unread.length > 0 && (
          <p class="note warned">
            {unread.map(({ name }) => visible(name)).join(", ")} is no JSON. It is stored as it is, and a
            handler that reads JSON fails on it.
          </p>
        )}
        {refused && (
          <p class="note warned">
            {base.more
              ? "There are more names than are shown"
              : `${lost.map(visible).join(", ")} is too long to be shown`}
            , and an edit would lose them. It cannot be made here.
          </p>
        )}
        <p class="note">
          The change queues like a call: <b>{place}</b>. If the state is another by then, it fails with 409
          and changes nothing.
        </p>
      </div>
    </Confirm>
  );
}
