/** What a person does to an invocation, by the admin API. Each answers what happened, and everything is read again. */
import { ask, askFields, path, Refusal, Unreachable } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import { toast } from "../../parts/toast.tsx";
import type { Answerable } from "./model/answerable.ts";
import { to } from "../../routes.ts";
import { messageOf } from "../../words/text.ts";

export type Verb = "cancel" | "kill" | "pause" | "resume" | "purge";

const DONE: Readonly<Record<Verb, string>> = {
  cancel: "The cancellation is on its way. Its code gets it at its next await, and may undo what it did.",
  kill: "It is ended, and none of its code runs any more. What it did is not undone.",
  pause: "It pauses at its next write. What is recorded stays.",
  resume: "It goes on now, from what is recorded.",
  purge: "Its result and journal are removed.",
};

/** Throws what the server says against it. */
export async function act(
  id: string,
  verb: Verb,
  query: Readonly<Record<string, string>> = {},
): Promise<void> {
  const asked = new URLSearchParams(query).toString();
  await ask(`${path`/invocations/${id}/${verb}`}${asked === "" ? "" : `?${asked}`}`, { method: "PATCH" });
  refresh();
  toast(DONE[verb]);
}

/** The same, for what does not ask before: a refusal is said in a toast. */
export async function tryTo(doing: () => Promise<void>): Promise<void> {
  try {
    await doing();
  } catch (error) {
    toast(refusalInWords(error));
    refresh();
  }
}

const OPEN = 503;
export function refusalInWords(error: unknown): string {
  if (error instanceof Unreachable || (error instanceof Refusal && error.status === OPEN))
    return "No answer came. Whether it took effect is open; you may do it again, which does no harm.";
  return `Not done: ${messageOf(error)}`;
}

export interface Restart {
  /** Entries that are kept. */
  readonly from: number;
  readonly deployment: string;
  /** Instead of the old input. */
  readonly input?: string;
}

export async function restartAsNew(id: string, { from, deployment, input }: Restart): Promise<void> {
  const query = new URLSearchParams({ deployment, ...(from > 0 && { from: String(from) }) });
  const where = `${path`/invocations/${id}/restart-as-new`}?${query.toString()}`;
  const answer = await askFields(where, {
    method: "PATCH",
    ...(input !== undefined && { body: { input } }),
  });
  const made = answer.text("new_invocation_id");
  refresh();
  toast("A new invocation has begun. This one stays as it is.", {
    href: to.invocation(made),
    text: "Open it",
  });
}

/** Where it is answered, below the ingress. */
export const answerPath = (waits: Answerable, verb: "resolve" | "reject"): string =>
  "awakeableId" in waits
    ? path`/restate/awakeables/${waits.awakeableId}/${verb}`
    : path`/restate/invocation/${waits.invocationId}/signals/${waits.signal}/${verb}`;

/** Answers as anybody may who knows it. `failure`: with an error instead of a value. */
export async function giveAnswer(
  waits: Answerable,
  { value = "", failure }: { readonly value?: string; readonly failure?: string },
): Promise<void> {
  const verb = failure === undefined ? "resolve" : "reject";
  const type = failure === undefined && value !== "" ? "application/json" : "text/plain";
  await ask(`/ingress${answerPath(waits, verb)}`, {
    method: "POST",
    body: failure ?? value,
    headers: { "content-type": type },
  });
  refresh();
  toast(
    failure === undefined
      ? "Resolved. It goes on as soon as the message has arrived."
      : "Rejected. Its code gets the error where it awaits.",
  );
}

/** How often a power was used on this page. */
let used = 0;
export const powersUsed = (): number => used;

/** A power of a development server. Its answer says what happened, and what did not. */
export async function applyPower(name: string, body: object): Promise<void> {
  const answer = await askFields(`/dev/${name}`, { method: "POST", body });
  used += 1;
  refresh();
  toast(answer.optionalText("message") ?? "Done.");
}
