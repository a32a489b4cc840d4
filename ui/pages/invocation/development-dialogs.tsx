/** What a power of a development server wants to know before. */
import { useState } from "preact/hooks";
import { Confirm } from "../../parts/dialog.tsx";

interface FailProps {
  readonly onFail: (body: object) => Promise<void>;
  readonly onClose: () => void;
}
export function FailDialog({ onFail, onClose }: FailProps) {
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

interface ClockProps {
  /** Empty: to the invocation's next timer. */
  readonly onJump: (by: string) => Promise<void>;
  readonly onClose: () => void;
}
export function ClockDialog({ onJump, onClose }: ClockProps) {
  const [kind, setKind] = useState<"timer" | "by">("timer");
  const [by, setBy] = useState("1h");
  return (
    <Confirm
      title="Jump the clock"
      action="Jump"
      onConfirm={() => onJump(kind === "timer" ? "" : by)}
      onClose={onClose}
    >
      <p>The clock of this server jumps ahead, for all that it runs. It cannot be set back.</p>
      <fieldset class="choice">
        <legend class="sr">How far</legend>
        <label class="row">
          <input type="radio" name="far" checked={kind === "timer"} onChange={() => setKind("timer")} />
          <b>To its next timer</b>
        </label>
        <label class="row">
          <input type="radio" name="far" checked={kind === "by"} onChange={() => setKind("by")} />
          <b>By a duration</b>
        </label>
      </fieldset>
      {kind === "by" && (
        <label class="field">
          <span class="lab">Duration</span>
          <input class="mono" value={by} onInput={(event) => setBy(event.currentTarget.value)} />
          <span class="hint">As 90s, 2h, 30d or PT12H.</span>
        </label>
      )}
    </Confirm>
  );
}
