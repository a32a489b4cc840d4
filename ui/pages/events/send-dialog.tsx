/** Sends an event to a subscription as its source would: on a development server, where no AWS does it. */
import { useState } from "preact/hooks";
import { parsedText, path, send, serverNow } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import type { SubscriptionCourse } from "../../admin/subscriptions.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { notJson } from "../../words/json-layout.ts";
import { messageOf, visibleName } from "../../words/text.ts";
import { eventFor } from "./event-shapes.ts";
import { type Outcome, outcomeInWords, outcomeOf } from "./outcome.ts";

interface SendProps {
  readonly of: SubscriptionCourse;
  readonly onClose: () => void;
}

export function SendDialog({ of, onClose }: SendProps) {
  const fresh = (): string => eventFor(of, { nowMs: serverNow(), id: crypto.randomUUID() });
  const [text, setText] = useState(fresh);
  const [outcome, setOutcome] = useState<Outcome>();
  const [busy, setBusy] = useState(false);
  const fault = notJson(text);
  const deliver = async (): Promise<void> => {
    setBusy(true);
    try {
      const { status, text: answer } = await send(path`/events/${of.name}`, { method: "POST", body: text });
      setOutcome(outcomeOf(status, parsedText(answer)));
      refresh();
    } catch (error) {
      setOutcome({ fault: messageOf(error) });
    }
    setBusy(false);
  };
  return (
    <Dialog
      title={`Send an event to ${visibleName(of.name)}`}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="b" onClick={() => setText(fresh())}>
            A new one
          </button>
          <button
            type="button"
            class="b p"
            disabled={busy || fault !== undefined}
            onClick={() => void deliver()}
          >
            Send it
          </button>
        </>
      }
    >
      <div class="form">
        <p>
          As its source would deliver it. What names the record in its source stays as it is: sent twice, it
          is one invocation.
        </p>
        <label class="field">
          <span class="lab">Event, as JSON</span>
          <textarea
            class="code"
            rows={16}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {fault !== undefined && <p class="err">This is no JSON: {fault}</p>}
        <output aria-live="polite">
          {outcome !== undefined && (
            <p class={"fault" in outcome ? "err" : "note"}>{outcomeInWords(outcome)}</p>
          )}
        </output>
      </div>
    </Dialog>
  );
}
