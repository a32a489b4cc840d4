/** Says for a moment what has happened, and what has not. */
import { useEffect, useState } from "preact/hooks";

export interface Toast {
  readonly text: string;
  /** Where to look. */
  readonly link?: { readonly href: string; readonly text: string };
}

const SHOWN_MS = 8000;
let show: ((toast: Toast | undefined) => void) | undefined;

export const toast = (text: string, link?: Toast["link"]): void => show?.({ text, ...(link && { link }) });

/** Stands once in the page. */
export function Toasts() {
  const [current, setCurrent] = useState<Toast>();
  useEffect(() => {
    show = setCurrent;
  }, []);
  useEffect(() => {
    if (current === undefined) return;
    const timer = setTimeout(() => setCurrent(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [current]);
  return (
    <output class="toasts" aria-live="polite">
      {current && (
        <div class="toast">
          <span>{current.text}</span>
          {current.link && <a href={current.link.href}>{current.link.text}</a>}
          <button type="button" class="b q sm" aria-label="Close" onClick={() => setCurrent(undefined)}>
            ✕
          </button>
        </div>
      )}
    </output>
  );
}
