/** What has become of an edit that was queued: it waits, it is done, or somebody else was faster. */
import { ask, askFields, isNotFound, path } from "../../admin/client.ts";
import { type Invocation, invocationOf } from "../../admin/invocation.ts";
import { refresh, useLive } from "../../admin/live.ts";
import { Icon } from "../../parts/icon.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { counted, messageOf, visible } from "../../words/text.ts";
import { type KeyState, meetings } from "./state-changes.ts";
import { type SentEdit, type StateEdit, undoOf } from "./state-edit.ts";

interface SentProps {
  readonly sent: SentEdit;
  readonly edit: StateEdit;
  readonly now: KeyState;
  readonly onReview: () => void;
}

const OVERTAKEN = 409;

export function EditSent({ sent, edit, now, onReview }: SentProps) {
  const { id } = sent;
  const { data } = useLive(`edit ${id}`, (signal) => editOf(id, signal));
  if (data?.status === "completed" && data.failure === undefined)
    return <Applied sent={sent} edit={edit} onReview={onReview} />;
  if (data?.failure?.code === OVERTAKEN && !isCancelled(data.failure.message))
    return <Lost sent={sent} edit={edit} now={now} onReview={onReview} />;
  if (data?.failure)
    return (
      <div class="alert a-fail pad row wrap between" role="status">
        <span>
          The change has failed, and nothing was changed: {visible(data.failure.message)}{" "}
          <a href={to.invocation(id)}>See why</a>
        </span>
        <button type="button" class="b sm" onClick={edit.forget}>
          Close
        </button>
      </div>
    );
  return (
    <div class="alert a-queue pad row wrap between" role="status">
      <span>
        <Icon name="queue" small /> {counted(sent.changes.length, "change")} queued: what has the key goes
        first. <a href={to.invocation(id)}>The edit’s invocation</a>
      </span>
      <button type="button" class="b sm" onClick={() => void takeBack(id)}>
        Take it back
      </button>
    </div>
  );
}

const isCancelled = (message: string): boolean => /cancel|kill/iu.test(message);

async function editOf(id: string, signal: AbortSignal): Promise<Invocation | undefined> {
  try {
    return invocationOf(await askFields(path`/invocations/${id}`, { signal }));
  } catch (error) {
    // It is accepted, and has written nothing yet.
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function takeBack(id: string): Promise<void> {
  try {
    await ask(path`/invocations/${id}/cancel`, { method: "PATCH" });
    toast("The change is taken back: it will not be made.");
  } catch (error) {
    toast(messageOf(error));
  }
  refresh();
}

function Applied({ sent, edit, onReview }: Omit<SentProps, "now">) {
  const undo = undoOf(sent);
  return (
    <div class="alert a-ok pad row wrap between" role="status">
      <span>
        <Icon name="check" small /> {counted(sent.changes.length, "change")} made.{" "}
        <a href={to.invocation(sent.id)}>The edit’s invocation</a>
      </span>
      <span class="row">
        {undo && (
          <button
            type="button"
            class="b sm"
            onClick={() => {
              edit.begin(undo);
              edit.forget();
              onReview();
            }}
          >
            Undo…
          </button>
        )}
        <button type="button" class="b sm" onClick={edit.forget}>
          Close
        </button>
      </span>
    </div>
  );
}

/** The state was another when the edit's turn came. */
function Lost({ sent, edit, now, onReview }: SentProps) {
  const found = meetings(sent.before, now.values, sent.draft);
  return (
    <div class="alert a-retry pad form" role="alert">
      <div class="row">
        <Icon name="state" />
        <h3>The state is another by now. Nothing was changed.</h3>
      </div>
      {found.map(({ name, base, theirs, mine }) => (
        <div class="diff" key={name}>
          <Line sign="−" kind="del" name={name} text={base} when="when you began" />
          <Line sign="+" kind="add" name={name} text={theirs} when="now" />
          {mine && <Line sign=" " kind={undefined} name={name} text={mine.text} when="yours" />}
        </div>
      ))}
      {found.length === 0 && <p class="sub">It is what it was again.</p>}
      <div class="row wrap">
        <button type="button" class="b sm" onClick={edit.forget}>
          Take theirs
        </button>
        <button
          type="button"
          class="b sm p"
          onClick={() => {
            edit.begin(sent.draft);
            edit.forget();
            onReview();
          }}
        >
          Apply mine to it…
        </button>
      </div>
    </div>
  );
}

const TEXT_MAX = 200;
interface LineProps {
  readonly sign: string;
  readonly kind: "del" | "add" | undefined;
  readonly name: string;
  readonly text: string | undefined;
  readonly when: string;
}
const Line = ({ sign, kind, name, text, when }: LineProps) => (
  <div class={kind}>
    {sign} <bdi>{visible(name)}</bdi>: {text === undefined ? "nothing" : visible(text.slice(0, TEXT_MAX))}
    <span class="sub"> {when}</span>
  </div>
);
