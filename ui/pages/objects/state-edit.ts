/** The edit that is being made on the page, and the one that was sent. */
import { useState } from "preact/hooks";
import { path, Refusal, send } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import {
  type Change,
  changesOf,
  type Draft,
  type KeyState,
  stateAfter,
  type StateValue,
  undoing,
} from "./state-changes.ts";

const NO_DRAFT: Draft = new Map();
const ACCEPTED = 202;

/** An edit that was accepted. */
export interface SentEdit {
  readonly id: string;
  readonly before: readonly StateValue[];
  readonly draft: Draft;
  readonly changes: readonly Change[];
}

export interface StateEdit {
  readonly draft: Draft;
  /** As the state was when the edit began. */
  readonly base: KeyState;
  readonly changes: readonly Change[];
  readonly set: (name: string, text: string | undefined) => void;
  /** The name is as it was. */
  readonly drop: (name: string) => void;
  readonly discard: () => void;
  /** Begins anew with these changes, against the state as it is now. */
  readonly begin: (draft: Draft) => void;
  /** Rejects with what the server says. */
  readonly submit: () => Promise<void>;
  readonly sent: SentEdit | undefined;
  readonly forget: () => void;
}

/** `live`: the state as it is now. */
export function useStateEdit(service: string, key: string, live: KeyState): StateEdit {
  const [draft, setDraft] = useState<Draft>(NO_DRAFT);
  const [from, setFrom] = useState<KeyState>();
  const [sent, setSent] = useState<SentEdit>();
  const base = from ?? live;
  const changes = changesOf(base.values, draft);
  const change = (next: Draft): void => {
    setDraft(next);
    setFrom(next.size === 0 ? undefined : base);
  };
  return {
    draft,
    base,
    changes,
    set: (name, text) => change(new Map([...draft, [name, text]])),
    drop: (name) => change(new Map([...draft].filter(([each]) => each !== name))),
    discard: () => change(NO_DRAFT),
    begin: (wanted) => {
      setDraft(wanted);
      setFrom(live);
    },
    submit: async () => {
      const id = await queueEdit(service, key, base, draft);
      setSent({ id, before: base.values, draft, changes });
      setDraft(NO_DRAFT);
      setFrom(undefined);
      refresh();
    },
    sent,
    forget: () => setSent(undefined),
  };
}

/** `undefined`: a value that was no text is gone, and a draft has texts only. */
export const undoOf = ({ before, changes }: SentEdit): Draft | undefined => undoing(before, changes);

async function queueEdit(service: string, key: string, base: KeyState, draft: Draft): Promise<string> {
  const body = { object_key: key, new_state_base64: stateAfter(base.values, draft), version: base.version };
  return await accepted(path`/services/${service}/state`, { method: "POST", body });
}

/** Clears all, if the state is still what is shown. */
export const queueClear = (service: string, key: string, version: string): Promise<string> =>
  accepted(`${path`/services/${service}/state/${key}`}?version=${encodeURIComponent(version)}`, {
    method: "DELETE",
  });

/** The id of the edit's invocation. */
async function accepted(where: string, asked: Parameters<typeof send>[1]): Promise<string> {
  const { status, headers, text } = await send(where, asked);
  if (status !== ACCEPTED) throw new Refusal(status, messageIn(text) ?? `the server has answered ${status}`);
  return headers.get("x-restate-id") ?? "";
}

function messageIn(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}
