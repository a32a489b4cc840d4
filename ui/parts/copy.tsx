/** Copies the whole of what is shown cut. */
import { useState } from "preact/hooks";
import { Icon } from "./icon.tsx";
import { toast } from "./toast.tsx";

const SHOWN_MS = 1500;

/** `what` names it for readers of the screen: "id", "error". */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), SHOWN_MS);
    } catch {
      toast("This browser does not let the page copy. Select the text, and copy it yourself.");
    }
  };
  const label = done ? "Copied" : `Copy ${what}`;
  return (
    <button type="button" class="b q sm ic" aria-label={label} title={label} onClick={() => void copy()}>
      <Icon name={done ? "check" : "copy"} small />
    </button>
  );
}
