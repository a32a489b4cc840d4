/** An invocation's status: a shape, a word and a colour. */
import type { Invocation } from "../admin/invocation.ts";
import type { StatusLook } from "../words/status.ts";
import { duration, ticking } from "../words/time.ts";
import { Icon } from "./icon.tsx";
import { useNow } from "./now.ts";

/** `more`: its next moment, as "in 12 s". */
export const Badge = ({ look, more }: { readonly look: StatusLook; readonly more?: string | undefined }) => (
  <span class={`st s-${look.look}`}>
    <Icon name={look.icon} />
    {more === undefined ? look.word : `${look.word}${more}`}
  </span>
);

export function InvocationStatus({ of }: { readonly of: Invocation }) {
  const now = useNow();
  return <Badge look={of.look} more={nextMoment(of, now)} />;
}

function nextMoment({ status, nextRetryMs, scheduledMs }: Invocation, nowMs: number): string | undefined {
  const dueMs = status === "backing-off" ? nextRetryMs : status === "scheduled" ? scheduledMs : undefined;
  if (dueMs === undefined) return undefined;
  const left = dueMs - nowMs;
  if (left <= 0) return ", now";
  return `, in ${left < 60_000 ? ticking(left + 999) : duration(left)}`;
}
