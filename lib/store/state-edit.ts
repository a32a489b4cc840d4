/**
 * What an operator's edit of a key's state says, and how the state is read as a whole.
 *
 * Job: the reserved handler of an edit, its input, and the version of a state, for the admin API, which sends edits, and
 * for the dispatcher, which carries them out (runtime/dispatcher/state-edit.ts says how).
 */
import { digest } from "../hash.ts";
import { statePartition } from "../model/ids.ts";
import type { ServiceManifest } from "../model/manifest.ts";
import type { Target } from "../model/message.ts";
import { decodeJson, encodeJson, type Value } from "../model/value.ts";
import { chunksIn, type StateChunks } from "./state-chunks.ts";
import { isShown, markOfState, shownFrom } from "./state-store.ts";
import type { LifePorts } from "./workflow-life.ts";

/** The reserved handler: no name that a definition takes has a tilde. */
export const STATE_EDIT = "~state";

export interface StateEdit {
  readonly state: Readonly<Record<string, Uint8Array>>;
  /** What {@link stateVersion} must say of the state that is replaced. */
  readonly version?: string;
}

/** A value, or what its state item says of a long one. */
export type StateContent = Uint8Array | StateChunks;

/** A name that has a value, and what tells its value from another. */
export interface StateMark {
  readonly name: string;
  readonly mark: string;
}

export function encodeStateEdit({ state, version }: StateEdit): Uint8Array {
  const value: Value = { state: { ...state }, ...(version === undefined ? {} : { version }) };
  return new TextEncoder().encode(encodeJson(value));
}

export const decodeStateEdit = (input: Uint8Array): StateEdit =>
  decodeJson(new TextDecoder().decode(input)) as unknown as StateEdit;

export const markOf = (name: string, value: StateContent): StateMark => ({
  name,
  mark: value instanceof Uint8Array ? markOfState(value) : value.mark,
});

/** It depends on names and values alone: two equal states have the same version, even if others wrote them. */
export function stateVersion(marks: readonly StateMark[]): string {
  const sorted = marks.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const parts = sorted.flatMap(({ name, mark }) => [name, mark]);
  return Buffer.from(digest(16, "state", ...parts)).toString("base64url");
}

/** Shows everything that the key holds, read strongly, page by page: together it may be more than fits in memory.
 * `value`: absent of a name that was cleared, whose tombstone still has a fence, or that an earlier life of a workflow
 * has left. */
export async function visitState(
  ports: LifePorts,
  { name: service, type }: Pick<ServiceManifest, "name" | "type">,
  key: string,
  visit: (name: string, value: StateContent | undefined, fence: string) => void | Promise<void>,
): Promise<void> {
  const from = await shownFrom(ports, { target: { service, handler: STATE_EDIT, key }, type });
  let after: string | undefined;
  do {
    const page = await ports.items.query(
      "state",
      statePartition(service, key),
      "",
      after === undefined ? {} : { after },
    );
    for (const { sk, attributes } of page.items) {
      const { f: fence, val: value } = attributes;
      const content = value instanceof Uint8Array ? value : chunksIn(attributes);
      await visit(
        sk,
        isShown(attributes, from) ? content : undefined,
        typeof fence === "string" ? fence : "",
      );
    }
    after = page.next;
  } while (after !== undefined);
}

/** Edits come from the door alone, whose origins have no dot: a handler that calls the reserved name calls nothing. */
export const isStateEdit = ({
  target,
  origin,
}: {
  readonly target: Target;
  readonly origin: string;
}): boolean => target.handler === STATE_EDIT && target.key !== undefined && !origin.includes(".");
