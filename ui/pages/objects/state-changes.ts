/**
 * An edit of a key's state: what is changed against the state as it was when the edit began, and what to do if the state is
 * another by then. An edit replaces all of the state, so what is sent holds what stays, too.
 */
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { present } from "../../admin/fields.ts";
import { compacted } from "../../words/json-layout.ts";

export interface StateValue {
  readonly name: string;
  readonly bytes: number;
  /** Absent: it is no text, or too long to be shown. */
  readonly text?: string;
  readonly base64?: string;
  /** Too long to be shown. */
  readonly omitted: boolean;
}
export interface KeyState {
  readonly version: string;
  readonly values: readonly StateValue[];
  /** There are more names than are shown. */
  readonly more: boolean;
}

export const keyStateOf = (answer: AnswerFields): KeyState => ({
  version: answer.text("version"),
  values: answer.objects("state").map((value) => ({
    name: value.text("name"),
    bytes: value.number("bytes"),
    ...present("text", value.optionalText("value")),
    ...present("base64", value.optionalText("value_base64")),
    omitted: value.flag("omitted"),
  })),
  more: answer.optionalText("next") !== undefined,
});

/** New values by name, as texts; `undefined`: the name is taken away. */
export type Draft = ReadonlyMap<string, string | undefined>;

export interface Change {
  readonly name: string;
  readonly kind: "added" | "changed" | "removed";
  /** As it was. Absent: there was none, or it is no text. */
  readonly before?: string;
  readonly after?: string;
}

/** What the draft changes, in the order of the names. What is as before is no change. */
export function changesOf(base: readonly StateValue[], draft: Draft): readonly Change[] {
  const before = new Map(base.map((value) => [value.name, value]));
  const changes: Change[] = [];
  for (const [name, after] of draft) {
    const was = before.get(name);
    if (was === undefined && after === undefined) continue;
    if (after !== undefined && was?.text !== undefined && compacted(was.text) === compacted(after)) continue;
    changes.push({
      name,
      kind: was === undefined ? "added" : after === undefined ? "removed" : "changed",
      ...present("before", was?.text ?? (was && bytesText(was))),
      ...present("after", after),
    });
  }
  return changes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const bytesText = ({ bytes }: StateValue): string => `(${bytes} bytes that are no text)`;

/** Names whose values are not known here. An edit would lose them. */
export const unknownNames = ({ values }: KeyState, draft: Draft): readonly string[] =>
  values.filter(({ omitted, name }) => omitted && !draft.has(name)).map(({ name }) => name);

/** All of the state after the edit: `new_state_base64` of `POST /services/{service}/state`. */
export function stateAfter(base: readonly StateValue[], draft: Draft): Readonly<Record<string, string>> {
  const after = new Map<string, string>();
  for (const { name, text, base64 } of base) {
    if (base64 !== undefined) after.set(name, base64);
    else if (text !== undefined) after.set(name, base64Of(text));
  }
  for (const [name, text] of draft) {
    if (text === undefined) after.delete(name);
    else after.set(name, base64Of(compacted(text)));
  }
  // A name may be `__proto__`: an assignment would lose it.
  return Object.fromEntries(after);
}

/** So many bytes become characters at a time: a call takes only so many arguments. */
const CHUNK = 8192;
export function base64Of(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  return btoa(parts.join(""));
}

/** How to go back: the draft that makes `before` of what an edit has made. `undefined`: a value was no text. */
export function undoing(before: readonly StateValue[], changes: readonly Change[]): Draft | undefined {
  const was = new Map(before.map((value) => [value.name, value]));
  const values = changes.map(({ name }) => was.get(name));
  if (values.some((value) => value !== undefined && value.text === undefined)) return undefined;
  return new Map(changes.map(({ name }) => [name, was.get(name)?.text]));
}

/** A name that both have changed, or one of them, since the edit began. */
export interface Meeting {
  readonly name: string;
  readonly base: string | undefined;
  readonly theirs: string | undefined;
  /** Absent: the edit leaves it alone. */
  readonly mine?: { readonly text: string | undefined };
}

/** What has become another while the edit was made. */
export function meetings(
  base: readonly StateValue[],
  now: readonly StateValue[],
  draft: Draft,
): readonly Meeting[] {
  const before = new Map(base.map((value) => [value.name, shown(value)]));
  const after = new Map(now.map((value) => [value.name, shown(value)]));
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name): Meeting[] => {
    const meeting = { name, base: before.get(name), theirs: after.get(name) };
    if (meeting.base === meeting.theirs) return [];
    return [{ ...meeting, ...(draft.has(name) && { mine: { text: draft.get(name) } }) }];
  });
}

const shown = (value: StateValue): string => value.text ?? value.base64 ?? bytesText(value);
