/** What can be done to invocations: how the admin API calls it, and how people do. */
import { OPEN } from "./invocation.ts";

export interface OperationKind {
  /** The command. */
  readonly name: string;
  /** Of the admin API. */
  readonly path: string;
  /** "12 invocations were …" */
  readonly done: string;
  /** Those that it can be done to: targets and filters choose among them, unless `--status` says otherwise. */
  readonly statuses: readonly string[];
  /** It may go on at another deployment: `--deployment` says which. */
  readonly goesOn: boolean;
  readonly summary: string;
  readonly description: string;
}

const kind = (
  name: string,
  done: string,
  statuses: readonly string[],
  [summary, description]: readonly [string, string],
  path = name,
): OperationKind => ({
  ...{ name, path, done, statuses, summary, description },
  goesOn: name === "resume" || name === "restart",
});

export const CANCEL = kind("cancel", "cancelled", OPEN, [
  "ask invocations to stop, at their next await",
  "Asks invocations to stop: their code gets a CancelledError at its next await, and may undo what it has done.",
]);
export const KILL = kind("kill", "killed", OPEN, [
  "end invocations without running their code",
  "Ends invocations, and the calls that they await, without running any more of their code. Nothing is undone.",
]);
export const PAUSE = kind(
  "pause",
  "paused",
  ["running", "suspended", "backing-off"],
  [
    "stop invocations until they are resumed",
    "Stops invocations at their next step, until they are resumed.",
  ],
);
export const RESUME = kind(
  "resume",
  "resumed",
  ["paused", "backing-off"],
  [
    "let paused invocations go on, and try failed ones at once",
    "Lets paused invocations go on, and those that back off try again at once.",
  ],
);
export const RESTART = kind(
  "restart",
  "restarted",
  ["completed"],
  [
    "run completed invocations again, as new ones",
    "Starts new invocations with the input of completed ones. With --from, the results of the steps before it are kept.",
  ],
  "restart-as-new",
);
export const PURGE = kind(
  "purge",
  "purged",
  ["completed"],
  [
    "remove what completed invocations have left",
    "Removes the results, inputs and journals of completed invocations before their retention ends.",
  ],
);

export const OPERATIONS: readonly OperationKind[] = [CANCEL, KILL, PAUSE, RESUME, RESTART, PURGE];
