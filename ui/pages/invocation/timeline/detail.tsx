/** What stands under a row that was chosen: its values, its times, and what can be done. */
import { useNow } from "../../../parts/now.ts";
import { to } from "../../../routes.ts";
import { visible } from "../../../words/text.ts";
import { clockTime, duration } from "../../../words/time.ts";
import { answerPath } from "../act.ts";
import { copy } from "../actions.tsx";
import type { Ask } from "../ask-dialogs.tsx";
import { type Answerable, answerableOf } from "../model/answerable.ts";
import type { Attempt } from "../model/attempts.ts";
import type { Operation } from "../model/operations.ts";
import type { Story } from "../model/story.ts";
import { ShownBox } from "../tabs.tsx";
import { useWholeEnds, useWholeOperation } from "../whole.ts";
import type { PlacedRow } from "./layout.ts";

interface DetailProps {
  readonly row: PlacedRow;
  readonly onAsk: (ask: Ask) => void;
}

export function Detail({ row, onAsk }: DetailProps) {
  return (
    <div class="tl-detail" role="row">
      <div role="gridcell" class="tl-detail-in">
        <Content row={row} onAsk={onAsk} />
      </div>
    </div>
  );
}

function Content({ row, onAsk }: DetailProps) {
  const { operation, attempt, event, owner, isFailing, key, title } = row;
  if (operation !== undefined)
    return <OperationDetail operation={operation} owner={owner} onAsk={onAsk} isRoot={row.level === 1} />;
  if (attempt !== undefined) return <AttemptDetail attempt={attempt} />;
  if (event !== undefined) return <p>{visible(event.message)}</p>;
  if (isFailing === true) return <FailingDetail owner={owner} title={title} />;
  if (key === "end") return <EndDetail owner={owner} />;
  return <p>{row.spoken === "" ? "There is nothing more to say of it." : `${row.spoken}.`}</p>;
}

interface OperationProps {
  readonly operation: Operation;
  readonly owner: Story;
  readonly onAsk: (ask: Ask) => void;
  /** It is the page's own invocation, and not one that was opened in place. */
  readonly isRoot: boolean;
}

function OperationDetail({ operation, owner, onAsk, isRoot }: OperationProps) {
  const now = useNow();
  const { title, entries } = operation;
  const isOpen = operation.isOpen && owner.invocation.status !== "completed";
  return (
    <>
      <div class="row wrap detail-head">
        <h3>
          <bdi>{visible(title) || "no name"}</bdi>
        </h3>
        <span class="muted">{timesInWords(operation, now)}</span>
        <span class="muted">
          {entries.map(({ index }) => `#${index}`).join(" and ")}
          {writeOf(operation)}
        </span>
      </div>
      <OperationValues operation={operation} ownerId={owner.invocation.id} isOpen={isOpen} />
      <OperationActions operation={operation} owner={owner} isOpen={isOpen} isRoot={isRoot} onAsk={onAsk} />
    </>
  );
}

const WITHOUT_VALUE = new Set(["send", "sleep", "cancel", "cancelled"]);

interface ValuesProps {
  readonly operation: Operation;
  readonly ownerId: string;
  readonly isOpen: boolean;
}

function OperationValues({ operation, ownerId, isOpen }: ValuesProps) {
  const { kind } = operation;
  const { input, value } = useWholeOperation(ownerId, operation);
  const hasInput = kind === "call" || kind === "send";
  const hasValue = !WITHOUT_VALUE.has(kind);
  if (!hasInput && !hasValue) return null;
  const absent = isOpen ? "Not there yet." : kind === "state" ? "No value." : "Nothing.";
  return (
    <div class="vals">
      {hasInput && <ShownBox title="Input" shown={input} absent="It has none." />}
      {hasValue && <ShownBox title={kind === "state" ? "Value" : "Result"} shown={value} absent={absent} />}
    </div>
  );
}

function OperationActions({
  operation,
  owner,
  isRoot,
  isOpen,
  onAsk,
}: OperationProps & { readonly isOpen: boolean }) {
  const { kind, invokedId, entries } = operation;
  const { service, key = "" } = owner.invocation.target;
  const answers = isOpen ? answerableOf(operation, owner.invocation.id) : undefined;
  return (
    <div class="row wrap">
      {invokedId !== undefined && (
        <a class="b sm" href={to.invocation(invokedId)}>
          Open this invocation
        </a>
      )}
      {answers !== undefined && (
        <>
          <button type="button" class="b sm" onClick={() => onAsk({ answers, verb: "resolve" })}>
            Resolve…
          </button>
          <button type="button" class="b sm" onClick={() => onAsk({ answers, verb: "reject" })}>
            Reject…
          </button>
          <button
            type="button"
            class="b sm"
            onClick={() => void copy(curlFor(answers), "The command is copied.")}
          >
            Copy curl
          </button>
        </>
      )}
      {isRoot && owner.invocation.status === "completed" && (
        <button type="button" class="b sm" onClick={() => onAsk({ restartFrom: entries[0]?.index ?? 0 })}>
          Restart from here…
        </button>
      )}
      {isOpen && kind === "promise" && (
        <a class="b sm" href={to.object(service, key)}>
          Open the workflow
        </a>
      )}
    </div>
  );
}

const writeOf = ({ entries }: Operation): string => {
  const write = entries[0]?.append;
  return write === undefined ? "" : `, write ${write + 1}`;
};

const curlFor = (answers: Answerable): string =>
  `curl -X POST '${location.origin}/ingress${answerPath(answers, "resolve")}' --json 'null'`;

function timesInWords({ startMs, endMs, dueMs, isOpen, attempts, kind }: Operation, now: number): string {
  const parts: string[] = [];
  if (startMs !== undefined) parts.push(`began ${clockTime(startMs, now)}`);
  if (startMs !== undefined && endMs !== undefined && kind !== "state")
    parts.push(`took ${duration(endMs - startMs)}`);
  if (isOpen) parts.push("not done yet");
  if (dueMs !== undefined) parts.push(`due ${clockTime(dueMs, now)}`);
  if (attempts !== undefined && attempts > 1) parts.push(`at attempt ${attempts}`);
  return parts.join(" · ");
}

function AttemptDetail({ attempt }: { readonly attempt: Attempt }) {
  const now = useNow();
  const { number, startedMs, endedMs, outcome, errorMessage, errorCode } = attempt;
  return (
    <>
      <div class="row wrap detail-head">
        <h3>Turn {number}</h3>
        <span class="muted">
          began {clockTime(startedMs, now)}
          {endedMs !== undefined && `, took ${duration(endedMs - startedMs)}`}, {outcome}
        </span>
      </div>
      {errorMessage !== undefined && (
        <p class="mono break">
          {visible(errorMessage)} {errorCode}
        </p>
      )}
    </>
  );
}

const FailingDetail = ({ owner, title }: { readonly owner: Story; readonly title: string }) => (
  <>
    <div class="row wrap detail-head">
      <h3>
        <bdi>{title}</bdi>
      </h3>
      <span class="muted mono break">{visible(owner.invocation.lastFailure ?? "")}</span>
    </div>
    <p>
      No result is recorded, so it runs again. If it may have had its effect already, the other side must
      recognise the repeat: give it a key that stays the same.
    </p>
    <div class="row wrap">
      <a class="b sm" href="#error">
        Show the error
      </a>
    </div>
  </>
);

function EndDetail({ owner }: { readonly owner: Story }) {
  const { output } = useWholeEnds(owner.invocation.id, owner);
  return (
    <div class="vals">
      <ShownBox title="Result" shown={output} absent="Nothing is kept of it." />
    </div>
  );
}
