/** What checkers know of an invocation and of a message. */
import type { Entry } from "../../lib/model/entry.ts";
import type { Attributes } from "../../lib/model/item.ts";

/** A message that the mailbox took. */
export interface SentMessage {
  readonly group: string;
  readonly sequence: string;
  readonly body: string;
}

/** One life of an invocation, as its head has shown it. */
export interface Life {
  readonly id: string;
  readonly incarnation: number;
  readonly entries: Entry[];
  status: string;
  token: string | undefined;
  target: readonly string[];
  completedMs: number | undefined;
  head: Attributes;
  /** Entries that a restarted invocation began with: another one's, whose outputs were done long ago. */
  copied: number;
}
