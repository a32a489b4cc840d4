/** A choice of the reader's that this browser keeps. Where it keeps nothing, the choice lasts as long as the page. */
import { useState } from "preact/hooks";

export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(`perdure.${name}`);
  } catch {
    return null;
  }
}

export function store(name: string, text: string): void {
  try {
    localStorage.setItem(`perdure.${name}`, text);
  } catch {
    // Full, or forbidden: it lasts as long as the page.
  }
}

export function useStored<T>(
  name: string,
  read: (text: string | null) => T,
  write: (value: T) => string,
): readonly [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => read(readStored(name)));
  const set = (next: T): void => {
    setValue(next);
    store(name, write(next));
  };
  return [value, set];
}

/** `preset`: until the reader has chosen. */
export const useSwitch = (name: string, preset: boolean): readonly [boolean, (on: boolean) => void] =>
  useStored(
    name,
    (text) => (text === null ? preset : text === "1"),
    (on) => (on ? "1" : "0"),
  );
