/** What somebody in front of a development server does with one key, to whatever is there: a crash, a jump to the next timer. */
import { HANDS_LOOKED_MAX } from "../../lib/limits/local.ts";
import { REHEARSED_AT_ONCE } from "../../lib/limits/replay.ts";
import { parseFields } from "../../lib/model/head.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { uncheckedIdIn } from "../../lib/model/listing.ts";
import type { Target } from "../../lib/model/message.ts";
import type { JumpingClock } from "../../lib/jumping-clock.ts";
import type { LocalItemStore } from "../local/item-store.ts";
import type { HostPool } from "./hosts/host-pool.ts";
import { durationInWords } from "./powers/clock.ts";
import { nextTimer, type NextTimer } from "./powers/next-timer.ts";
import { count } from "./powers/words.ts";
import { targetText } from "../../lib/model/target-text.ts";

interface AtHandPorts {
  readonly items: LocalItemStore;
  readonly clock: JumpingClock;
  readonly pool: Pick<HostPool, "crashAll">;
  readonly jump: (aheadMs: number) => Promise<void>;
}

/** Ends the processes of handlers that have turns, as `kill -9` does. Answers what has happened. */
export async function crashAll({ pool }: AtHandPorts): Promise<string> {
  const { processes, turns } = await pool.crashAll();
  if (processes === 0) return "Nothing runs now, so nothing was killed.";
  const killed = count(processes, "process", "processes");
  return `${killed} of handlers killed (kill -9). ${turns === 1 ? "1 invocation goes" : `${turns} invocations go`} on from what is recorded.`;
}

/** The clock jumps to the first timer of all invocations. Answers what has happened. */
export async function skipToNext({ items, clock, jump }: AtHandPorts): Promise<string> {
  const nowMs = clock.now();
  let next: (NextTimer & { readonly target: Target }) | undefined;
  for await (const { id, target } of open(items)) {
    const timer = await nextTimer(items, id, nowMs);
    if (timer && (!next || timer.atMs < next.atMs)) next = { ...timer, target };
  }
  if (!next) return "No invocation waits for a time.";
  await jump(clock.aheadMs + next.atMs - nowMs);
  const what = next.what.replace(/^its /u, "");
  return `The clock went ${durationInWords(next.atMs - nowMs)} ahead: ${targetText(next.target)}, ${what}.`;
}

async function* open(items: LocalItemStore): AsyncGenerator<{ id: InvocationId; target: Target }> {
  const heads = items.openHeads(REHEARSED_AT_ONCE);
  let looked = 0;
  for (let after: string | undefined; ;) {
    const page = await heads.page(after);
    for (const { pk, attributes } of page.items) {
      const { target } = parseFields(attributes);
      yield { id: uncheckedIdIn(pk), target };
    }
    looked += page.items.length;
    if (page.next === undefined || looked >= HANDS_LOOKED_MAX) return;
    after = page.next;
  }
}
