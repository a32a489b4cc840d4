/**
 * An edit of a key's state on its way: it is queued behind what the key has accepted, and may fail there.
 *
 * Its invocation says how it ended. If nothing is kept of what has completed, the state itself says whether it was done.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  STATE_EDIT_LOOK_MS,
  STATE_EDIT_LOOK_MS_MAX,
  STATE_EDIT_LOOKS_IN_VAIN,
  STATE_EDIT_WAIT_MS,
} from "../../lib/limits/cli.ts";
import { path, refusalOf, Refusal } from "../admin-client.ts";
import { Deadline } from "../calls/ingress-requests.ts";
import type { KeyTarget } from "../calls/target.ts";
import type { Cli } from "../cli.ts";
import { CommandError } from "../exit.ts";
import { durationIn } from "../time.ts";
import { stateOfKey } from "./stored-state.ts";

export interface ChangeFlags {
  readonly key?: string;
  readonly force?: boolean;
  /** False with `--no-wait`. */
  readonly wait: boolean;
  readonly timeout?: string;
}

/** Values by their names. */
export type Contents = ReadonlyMap<string, Uint8Array>;

/** How an edit has ended; `queued`: it has not. */
export type EditEnd =
  | { readonly end: "done" | "queued"; readonly id: string }
  | { readonly end: "failed"; readonly id: string; readonly error: string };

/** Queues it. Returns its id. Throws `Refusal`. `version`: what the state must be at. */
export async function queueEdit(
  cli: Cli,
  { service, key }: KeyTarget,
  contents: Contents,
  version: string | undefined,
): Promise<string> {
  const admin = await cli.admin();
  const answer =
    contents.size === 0
      ? await admin.raw("DELETE", path`/services/${service}/state/${key}`, { query: { version } })
      : await admin.raw("POST", path`/services/${service}/state`, {
          body: {
            object_key: key,
            new_state_base64: Object.fromEntries(
              [...contents].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
            ),
            ...(version === undefined ? {} : { version }),
          },
        });
  if (answer.status >= 400) throw refusalOf(answer);
  const id = answer.headers["x-restate-id"];
  if (id === undefined) throw new CommandError("the server does not say which invocation makes the change");
  return id;
}

export const editDeadline = ({ timeout }: ChangeFlags): Deadline =>
  new Deadline(timeout === undefined ? STATE_EDIT_WAIT_MS : durationIn("--timeout", timeout));

interface AwaitedEdit {
  readonly target: KeyTarget;
  readonly contents: Contents;
  readonly deadline: Deadline;
}

/** Waits until it has ended, or until the deadline. */
export async function endOfEdit(
  cli: Cli,
  id: string,
  { target, contents, deadline }: AwaitedEdit,
): Promise<EditEnd> {
  const admin = await cli.admin();
  let inVain = 0;
  for (let pauseMs = STATE_EDIT_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, STATE_EDIT_LOOK_MS_MAX)) {
    try {
      const invocation = await admin.fields("GET", path`/invocations/${id}`);
      if (invocation.text("status") === "completed") {
        const error = invocation.optionalText("completion_failure");
        return error === undefined ? { end: "done", id } : { end: "failed", id, error };
      }
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
      inVain++;
      if (inVain > STATE_EDIT_LOOKS_IN_VAIN && (await isAsWanted(cli, target, contents)))
        return { end: "done", id };
    }
    if (deadline.leftMs === 0) return { end: "queued", id };
    await sleep(Math.min(pauseMs, deadline.leftMs));
  }
}

async function isAsWanted(cli: Cli, target: KeyTarget, contents: Contents): Promise<boolean> {
  const { values } = await stateOfKey(cli, target);
  return (
    values.length === contents.size &&
    values.every(({ name, content }) => {
      const wanted = contents.get(name);
      return content !== undefined && wanted !== undefined && Buffer.compare(content, wanted) === 0;
    })
  );
}

/** 409: the state was at another version by then. */
export function notChanged(key: string, error: string): CommandError {
  if (!error.startsWith("[409]")) return new CommandError(`${key} was not changed: ${error}`);
  return new CommandError(`${key} was not changed: its state has changed since it was read`, {
    advice: "Look at it and do it again, or use --force.",
  });
}
