/** What the list says of itself: how many there are, what can be found, and what looking further costs. */
import { counted } from "../../words/text.ts";
import { type Filter, statusesOf, ENDED_WORDS } from "./filter.ts";
import type { List } from "./load.ts";

export interface Truth {
  readonly text: string;
  /** Looking at all that is kept would find more; the words say what it reads. */
  readonly furtherWords?: string;
}

/** As docs/admin-api.md has it: about 77 read units for 1,000 kept, which cost a cent for a million. */
const FURTHER = "Look at all that is kept: about 77 read units for each 1,000, a cent for a million";

/** `known`: how many match, where counts say so. */
export function truthOf(list: List, filter: Filter, known?: number): Truth {
  const { rows, hasMore, covers, source } = list;
  const sum = rows.length.toLocaleString("en-GB");
  const shown = hasMore
    ? `Showing ${sum} of ${known !== undefined && known > rows.length ? known.toLocaleString("en-GB") : `at least ${(rows.length + 1).toLocaleString("en-GB")}`}.`
    : `${counted(rows.length, "invocation")}${rows.length === 0 ? "" : ", all that match"}.`;
  if (filter["id"] !== undefined) return { text: counted(rows.length, "invocation") + "." };
  if (source === "scan") return { text: `${shown} Found by looking at all that is kept, in no order.` };
  const wantsEnded = statusesOf(filter)?.some((word) => ENDED_WORDS.includes(word)) ?? true;
  if (wantsEnded && !covers.includes("ended"))
    return { text: `${shown} Ended ones have no index here, and are not shown.`, furtherWords: FURTHER };
  return { text: shown };
}

/** Why there is no row. */
export type Emptiness = "nothing-yet" | "unknown-id" | "all-well" | "not-covered" | "no-match";

export function emptinessOf(list: List, filter: Filter): Emptiness {
  if (filter["id"] !== undefined) return "unknown-id";
  const given = Object.keys(filter);
  const statuses = statusesOf(filter);
  const wantsEnded = statuses?.some((word) => ENDED_WORDS.includes(word)) ?? true;
  if (wantsEnded && !list.covers.includes("ended") && list.source === "index") return "not-covered";
  if (given.length === 0) return "nothing-yet";
  return given.length === 1 && String(statuses) === "backing-off,paused" ? "all-well" : "no-match";
}
