/** Completes an awakeable by hand: with a value, or with a failure. */
import { useState } from "preact/hooks";
import { ask, path } from "../admin/client.ts";
import { refresh } from "../admin/live.ts";
import { notJson } from "../words/json-layout.ts";
import { messageOf, shortId } from "../words/text.ts";
import { Dialog } from "./dialog.tsx";
import { toast } from "./toast.tsx";

/** The ingress, on the page's own origin. */
export const INGRESS = "/ingress";

export function ResolveButton({ id }: { readonly id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="b sm" onClick={() => setOpen(true)}>
        Resolve…
      </button>
      {open && <ResolveDialog id={id} onClose={() => setOpen(false)} />}
    </>
  );
}

type How = "resolve" | "reject";

function ResolveDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const [how, setHow] = useState<How>("resolve");
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const fault = how === "resolve" && text !== "" ? notJson(text) : undefined;
  const complete = async (): Promise<void> => {
    setBusy(true);
    try {
      await ask(`${INGRESS}${path`/restate/awakeables/${id}/${how}`}`, {
        method: "POST",
        ...(text !== "" && { body: text }),
        ...(how === "reject" && { headers: { "content-type": "text/plain" } }),
      });
      toast(
        how === "resolve"
          ? "Resolved. What waited for it goes on."
          : "Rejected. What waited for it gets the error.",
      );
      onClose();
      refresh();
    } catch (error) {
      setWrong(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Complete awakeable ${shortId(id)}`}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="b" onClick={onClose}>
            Leave it open
          </button>
          <button
            type="button"
            class={how === "resolve" ? "b p" : "b danger"}
            disabled={busy || fault !== undefined}
            onClick={() => void complete()}
          >
            {how === "resolve" ? "Resolve it" : "Reject it"}
          </button>
        </>
      }
    >
      <div class="form">
        <HowAndWhat {...{ how, setHow, text, setText, fault }} />
        <p class="note">
          An awakeable is completed once. The invocation that waits for it goes on with this{" "}
          {how === "resolve" ? "value" : "error"}, and it cannot be taken back.
        </p>
        {wrong !== undefined && (
          <p class="err" role="alert">
            {wrong}
          </p>
        )}
      </div>
    </Dialog>
  );
}

interface HowProps {
  readonly how: How;
  readonly setHow: (how: How) => void;
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly fault: string | undefined;
}

const HowAndWhat = ({ how, setHow, text, setText, fault }: HowProps) => (
  <>
    <span class="seg" role="group" aria-label="How">
      <button type="button" aria-pressed={how === "resolve"} onClick={() => setHow("resolve")}>
        With a value
      </button>
      <button type="button" aria-pressed={how === "reject"} onClick={() => setHow("reject")}>
        With a failure
      </button>
    </span>
    <label class="field">
      <span class="lab">{how === "resolve" ? "Value, as JSON. Empty: none" : "What went wrong"}</span>
      <textarea class="code" rows={4} value={text} onInput={(event) => setText(event.currentTarget.value)} />
    </label>
    {fault !== undefined && <p class="err">This is no JSON: {fault}</p>}
  </>
);
