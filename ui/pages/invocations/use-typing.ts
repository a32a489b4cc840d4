/** What is typed into the filter: its completions, which of them is chosen, and what is wrong with it. */
import { useState } from "preact/hooks";
import { serverNow } from "../../admin/client.ts";
import { type Filter, without } from "./filter.ts";
import { type Known, type Suggestion, suggestionsFor } from "./suggest.ts";
import { FilterError, typedInto } from "./typing.ts";

interface TypingProps {
  readonly filter: Filter;
  readonly known: Known;
  readonly onChange: (filter: Filter) => void;
  /** The field of the last chip: a backspace in the empty field takes it away. */
  readonly last: string | undefined;
  readonly leave: () => void;
}

export interface Typing {
  readonly typed: string;
  readonly error: string | undefined;
  readonly found: readonly Suggestion[];
  /** Of the one that is chosen; -1: none. */
  readonly at: number;
  readonly change: (text: string) => void;
  readonly choose: (suggestion: Suggestion) => void;
  readonly setOpen: (isOpen: boolean) => void;
  readonly onKey: (event: KeyboardEvent) => void;
}

export function useTyping({ filter, known, onChange, last, leave }: TypingProps): Typing {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string>();
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const found = isOpen ? suggestionsFor(typed, known) : [];
  const change = (text: string): void => {
    setTyped(text);
    setError(undefined);
    setOpen(true);
    setAt(-1);
  };
  const take = (text: string): void => {
    try {
      if (text.trim() !== "") onChange(typedInto(filter, text, serverNow()));
      change("");
      setOpen(false);
    } catch (refused) {
      if (!(refused instanceof FilterError)) throw refused;
      setError(refused.message);
      setOpen(false);
    }
  };
  const choose = ({ text, isWhole }: Suggestion): void => (isWhole ? take(text) : change(text));
  const move = (step: number): boolean => {
    setOpen(true);
    setAt(Math.max(-1, Math.min(found.length - 1, at + step)));
    return true;
  };
  /** Each says whether the key was for it. */
  const keys: Readonly<Record<string, () => boolean>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => {
      const chosen = found[at];
      if (chosen) choose(chosen);
      else take(typed);
      return true;
    },
    Tab: () => {
      const first = found[Math.max(at, 0)];
      if (typed === "" || first === undefined) return false;
      choose(first);
      return true;
    },
    Escape: () => {
      if (isOpen) setOpen(false);
      else leave();
      return true;
    },
    Backspace: () => {
      if (typed !== "" || last === undefined) return false;
      onChange(without(filter, last));
      return true;
    },
  };
  const onKey = (event: KeyboardEvent): void => {
    const isPlain =
      !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (isPlain && keys[event.key]?.() === true) event.preventDefault();
  };
  return { typed, error, found, at, change, choose, setOpen, onKey };
}
