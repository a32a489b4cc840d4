/** A verb on many: what will happen to which, then how it goes, then how it went. */
import { useRef, useState } from "preact/hooks";
import { askFields } from "../../admin/client.ts";
import type { Invocation } from "../../admin/invocation.ts";
import { refresh, useLive } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";
import { targetText } from "../../parts/names.tsx";
import { Badge } from "../../parts/status.tsx";
import { to } from "../../routes.ts";
import { counted, shortId, visible } from "../../words/text.ts";
import {
  leftOf,
  previewOf,
  type Preview,
  type Progress,
  runBulk,
  typedFor,
  type Verb,
  VERBS,
} from "./bulk.ts";

interface BulkDialogProps {
  readonly verb: Verb;
  readonly rows: readonly Invocation[];
  /** More match than were gathered. */
  readonly isCut: boolean;
  readonly onClose: () => void;
  /** Something was done: what was selected is not any more. */
  readonly onDone: () => void;
}

const KEEP = "keep";

export function BulkDialog({ verb, rows, isCut, onClose, onDone }: BulkDialogProps) {
  const [deployment, setDeployment] = useState(KEEP);
  const [progress, setProgress] = useState<Progress>();
  const [isRunning, setRunning] = useState(false);
  const stopped = useRef(false);
  const words = VERBS[verb];
  const preview = previewOf(verb, rows, deployment !== KEEP);

  const run = async (): Promise<void> => {
    stopped.current = false;
    setRunning(true);
    const isMoved = words.moves === true && deployment !== KEEP;
    const plan = { verb, ids: preview.meant.map(({ id }) => id), ...(isMoved && { deployment }) };
    setProgress(await runBulk(plan, setProgress, () => stopped.current));
    setRunning(false);
    refresh();
    onDone();
  };
  const title = `${words.label} ${counted(preview.meant.length, "invocation")}`;
  if (progress !== undefined || isRunning)
    return (
      <Dialog
        title={title}
        onClose={onClose}
        footer={<RunningButtons {...{ isRunning, stopped, onClose }} />}
      >
        <Outcome verb={verb} isRunning={isRunning} of={progress} total={preview.meant.length} />
      </Dialog>
    );
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={<Ask verb={verb} count={preview.meant.length} onClose={onClose} onRun={() => void run()} />}
    >
      <div class="form">
        <p>{words.does}</p>
        <Groups of={preview} label={words.label} />
        {isCut && <p class="note">More match. These are the first; do it again for the others.</p>}
        {words.moves === true && <Deployments value={deployment} onChange={setDeployment} verb={verb} />}
      </div>
    </Dialog>
  );
}

interface AskProps {
  readonly verb: Verb;
  readonly count: number;
  readonly onClose: () => void;
  readonly onRun: () => void;
}
function Ask({ verb, count, onClose, onRun }: AskProps) {
  const isProduction = useServer().data?.isProduction === true;
  const [typed, setTyped] = useState("");
  const { label, isDanger, isFinal } = VERBS[verb];
  const wanted = isProduction && isFinal === true ? typedFor(verb, count) : undefined;
  return (
    <>
      {wanted !== undefined && (
        <label class="field grow">
          <span>
            Type <b class="mono">{wanted}</b> to go on
          </span>
          <input class="mono" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
      )}
      <button type="button" class="b" onClick={onClose}>
        Leave them
      </button>
      <button
        type="button"
        class={isDanger === true ? "b danger" : "b p"}
        disabled={count === 0 || (wanted !== undefined && typed !== wanted)}
        onClick={onRun}
      >
        {count === 0 ? `Nothing to ${label.toLowerCase()}` : `${label} ${count.toLocaleString("en-GB")}`}
        {isProduction && " in production"}
      </button>
    </>
  );
}

const LISTED_MAX = 5;
const Groups = ({ of: { groups, meant }, label }: { readonly of: Preview; readonly label: string }) => (
  <>
    <table class="tight">
      <thead>
        <tr>
          <th class="r">Count</th>
          <th>Status</th>
          <th>What happens</th>
        </tr>
      </thead>
      <tbody>
        {groups.map(({ look, count, refusal }) => (
          <tr key={`${look.word} ${refusal ?? ""}`}>
            <td class="r num">{count.toLocaleString("en-GB")}</td>
            <td class="nowrap">
              <Badge look={look} />
            </td>
            <td>{refusal === undefined ? label : <span class="muted">left alone: {refusal}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
    {meant.length > 0 && (
      <ul class="sub">
        {meant.slice(0, LISTED_MAX).map(({ id, target }) => (
          <li key={id} class="row">
            <bdi class="cut mono">{targetText(target)}</bdi>
            <span class="id">{shortId(id)}</span>
          </li>
        ))}
        {meant.length > LISTED_MAX && <li>and {(meant.length - LISTED_MAX).toLocaleString("en-GB")} more</li>}
      </ul>
    )}
  </>
);

interface DeploymentsProps {
  readonly value: string;
  readonly verb: Verb;
  readonly onChange: (deployment: string) => void;
}
const DEPLOYMENTS_EVERY_MS = 60_000;
function Deployments({ value, verb, onChange }: DeploymentsProps) {
  const { data = [] } = useLive(
    "deployments for a verb",
    async (signal) =>
      (await askFields("/deployments", { signal })).objects("deployments").map((one) => one.text("id")),
    DEPLOYMENTS_EVERY_MS,
  );
  return (
    <label class="field">
      <span class="lab">On which deployment</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {verb === "resume" && <option value={KEEP}>The one that each is on</option>}
        <option value={verb === "resume" ? "latest" : KEEP}>The latest that has the service</option>
        {data.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      {verb === "resume" && (
        <span class="hint">
          Only a paused invocation can move. The code must fit what its journal has recorded.
        </span>
      )}
    </label>
  );
}

interface RunningButtonsProps {
  readonly isRunning: boolean;
  readonly stopped: { current: boolean };
  readonly onClose: () => void;
}
const RunningButtons = ({ isRunning, stopped, onClose }: RunningButtonsProps) =>
  isRunning ? (
    <button type="button" class="b" onClick={() => (stopped.current = true)}>
      Stop
    </button>
  ) : (
    <button type="button" class="b p" onClick={onClose}>
      Close
    </button>
  );

interface OutcomeProps {
  readonly verb: Verb;
  readonly isRunning: boolean;
  readonly of: Progress | undefined;
  readonly total: number;
}
function Outcome({ verb, isRunning, of, total }: OutcomeProps) {
  const now: Progress = of ?? { total, done: 0, refused: [], made: [], open: [] };
  const left = leftOf(now);
  return (
    <div class="form">
      <progress max={total} value={total - left} aria-label={`${total - left} of ${total}`} />
      <p class="row wrap" role="status">
        <span class="st s-ok plain">
          <Icon name="check" />
          {now.done.toLocaleString("en-GB")} {VERBS[verb].past}
        </span>
        {now.refused.length > 0 && (
          <span class="st s-failed plain">
            <Icon name="cross" />
            {now.refused.length.toLocaleString("en-GB")} refused
          </span>
        )}
        {left > 0 && (
          <span class="muted">
            {left.toLocaleString("en-GB")} {isRunning ? "to go" : "left alone"}
          </span>
        )}
      </p>
      {now.open.length > 0 && (
        <p class="note" role="alert">
          The server did not answer. Whether the last {counted(now.open.length, "invocation")} were{" "}
          {VERBS[verb].past} is open. Look first
          {verb === "restart-as-new"
            ? ": doing it twice starts them twice."
            : "; doing it twice does no harm."}
        </p>
      )}
      {now.refused.length > 0 && (
        <div class="scroll refused">
          <table class="tight" aria-label="Refused">
            <tbody>
              {now.refused.map(({ id, why }) => (
                <tr key={id}>
                  <td>
                    <a class="id" href={to.invocation(id)} title={id}>
                      {shortId(id)}
                    </a>
                  </td>
                  <td>{visible(why)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {now.made.length > 0 && (
        <ul class="sub">
          {now.made.slice(0, LISTED_MAX).map((id) => (
            <li key={id}>
              new: <a href={to.invocation(id)}>{shortId(id)}</a>
            </li>
          ))}
          {now.made.length > LISTED_MAX && <li>and {now.made.length - LISTED_MAX} more</li>}
        </ul>
      )}
    </div>
  );
}
