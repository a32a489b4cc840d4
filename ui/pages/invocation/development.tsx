/** Four buttons to break it, on a development server only: elsewhere they are absent, and not only switched off. */
import { useState } from "preact/hooks";
import { Confirm } from "../../parts/dialog.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { toast } from "../../parts/toast.tsx";
import { Refusal } from "../../admin/client.ts";
import { applyPower, refusalInWords } from "./act.ts";
import type { Story } from "./model/story.ts";

export function Development({ story }: { readonly story: Story }) {
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const { id, status } = story.invocation;
  const isEnded = status === "completed";
  const runs = status === "running";
  const use = async (name: string, body: object = {}): Promise<void> => {
    setBusy(true);
    try {
      await applyPower(name, { invocation_id: id, ...body });
    } catch (error) {
      // The server says why, and what is possible instead.
      toast(error instanceof Refusal ? error.message : refusalInWords(error));
    }
    setBusy(false);
  };
  const crash = (): void => void use("crash", runs ? {} : { when: "next-step" });
  const redeliver = (): void => void use("redeliver");
  const jump = (): void => void use("clock");
  useKeys("Development only", [
    ...(isEnded ? [] : [{ keys: "! c", help: "Crash now", run: crash }]),
    { keys: "! d", help: "Deliver again", run: redeliver },
    ...(isEnded
      ? []
      : [
          { keys: "! j", help: "Jump the clock", run: jump },
          { keys: "! f", help: "Fail next step", run: () => setAsks(true) },
        ]),
  ]);
  const off = busy || isEnded;
  return (
    <section class="dev" aria-label="Development">
      <span class="t">
        <b>Try to break it</b> <span class="muted">{isEnded ? "it has ended" : "development only"}</span>
      </span>
      <Power
        icon="bolt"
        name={runs || isEnded ? "Crash now" : "Crash next step"}
        hint={
          runs
            ? "Ends the handler's process at this moment. ! c"
            : "Ends the handler's process when it runs its next step. ! c"
        }
        disabled={off}
        onClick={crash}
      />
      <Power
        icon="twice"
        name="Deliver again"
        hint="Delivers its last message once more, as SQS may. ! d"
        disabled={busy}
        onClick={redeliver}
      />
      <Power
        icon="ff"
        name="Jump the clock"
        hint="Moves this server's clock to its next timer. ! j"
        disabled={off}
        onClick={jump}
      />
      <Power
        icon="failnext"
        name="Fail next step"
        hint="The next step that it runs throws instead. ! f"
        disabled={off}
        onClick={() => setAsks(true)}
      />
      {asks && <FailDialog onFail={(body) => use("fail-next-step", body)} onClose={() => setAsks(false)} />}
    </section>
  );
}

interface PowerProps {
  readonly icon: IconName;
  readonly name: string;
  readonly hint: string;
  readonly disabled: boolean;
  readonly onClick: () => void;
}
const Power = ({ icon, name, hint, disabled, onClick }: PowerProps) => (
  <button type="button" class="b sm" title={hint} disabled={disabled} onClick={onClick}>
    <Icon name={icon} small />
    {name}
  </button>
);

interface FailProps {
  readonly onFail: (body: object) => Promise<void>;
  readonly onClose: () => void;
}
function FailDialog({ onFail, onClose }: FailProps) {
  const [message, setMessage] = useState("made to fail");
  const [terminal, setTerminal] = useState(false);
  return (
    <Confirm
      title="Fail the next step"
      action="Fail it"
      onConfirm={() => onFail({ message, terminal })}
      onClose={onClose}
    >
      <p>The next step that it runs throws this error, once, and its own code does not run.</p>
      <label class="field">
        <span class="lab">Message of the error</span>
        <input value={message} onInput={(event) => setMessage(event.currentTarget.value)} />
      </label>
      <label class="row">
        <input
          type="checkbox"
          checked={terminal}
          onChange={(event) => setTerminal(event.currentTarget.checked)}
        />
        <span>
          <b>For good</b>{" "}
          <span class="muted">
            a terminal error: it is not tried again, and the code may undo what it did
          </span>
        </span>
      </label>
    </Confirm>
  );
}
