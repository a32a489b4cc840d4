/** A dialog over the page: the browser's own, which keeps the focus in it and gives it back. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../words/text.ts";
import { Icon } from "./icon.tsx";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Its buttons. */
  readonly footer?: ComponentChildren;
  readonly id?: string;
}

/** Open for as long as it is there. */
export function Dialog({ title, onClose, children, footer, id }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // At once: after the next frame, keys that follow the one that opens it would have been the page's.
  useLayoutEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      {...(id === undefined ? {} : { id })}
      closedby="any"
      onClose={onClose}
    >
      <header>
        <h2 id={heading} class="grow">
          {title}
        </h2>
        <button type="button" class="b q ic" aria-label="Close" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </header>
      <div class="pad">{children}</div>
      {footer !== undefined && <footer>{footer}</footer>}
    </dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  /** The verb: what the button says. */
  readonly action: string;
  readonly danger?: boolean;
  /** What the other button says. @default "Keep it" */
  readonly back?: string;
  /** In production: what must be typed before the button works. */
  readonly typed?: string | undefined;
  readonly children: ComponentChildren;
  /** Stays open, with the error, if it rejects. */
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before something that cannot be undone. Says what it will do, and what it will not. */
export function Confirm({
  title,
  action,
  danger = false,
  back = "Keep it",
  typed,
  children,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const [text, setText] = useState("");
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setRefused(messageOf(error));
      setBusy(false);
    }
  };
  const ready = typed === undefined || text === typed;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="b" onClick={onClose}>
            {back}
          </button>
          <button
            type="button"
            class={danger ? "b danger" : "b p"}
            disabled={busy || !ready}
            onClick={() => void confirm()}
          >
            {action}
          </button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <label class="field">
          <span>
            Type <b class="mono">{typed}</b> to go on
          </span>
          <input class="mono" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      )}
      {refused !== undefined && (
        <p class="err" role="alert">
          {refused}
        </p>
      )}
    </Dialog>
  );
}
