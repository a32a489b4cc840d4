/**
 * Single keys. None fires in a field, with a modifier, or while a dialog is open; all can be switched off, for those who steer
 * the page by voice or a screen reader. The help lists what is bound at the moment.
 */
import { useEffect } from "preact/hooks";

export interface Binding {
  /** `j`, or two in a row: `g o`. */
  readonly keys: string;
  readonly help: string;
  readonly run: () => void;
}

const CHORD_MS = 1500;
const OFF = "perdure.keys.off";
const groups = new Map<string, readonly Binding[]>();
let before = "";
let beforeMs = 0;

export const keysAreOff = (): boolean => localStorage.getItem(OFF) !== null;
export function switchKeys(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

/** What is bound now, by the names of its groups. */
export const bindings = (): readonly (readonly [string, readonly Binding[]])[] => [...groups];

/** Binds keys for as long as the part that asks is on the screen. */
export function useKeys(group: string, bound: readonly Binding[]): void {
  useEffect(() => {
    groups.set(group, bound);
    return () => {
      if (groups.get(group) === bound) groups.delete(group);
    };
  });
}

const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || keysAreOff()) return;
    const { target } = event;
    if (target instanceof Element && (target.matches(FIELDS) || target.closest("dialog"))) return;
    if (document.querySelector("dialog[open]")) return;
    const chord = Date.now() - beforeMs < CHORD_MS ? `${before} ${event.key}` : event.key;
    const all = [...groups.values()].flat();
    const found = all.find(({ keys }) => keys === chord) ?? all.find(({ keys }) => keys === event.key);
    [before, beforeMs] = found ? ["", 0] : [event.key, Date.now()];
    if (!found) return;
    event.preventDefault();
    found.run();
  });
}
