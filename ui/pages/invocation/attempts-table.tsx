/** The turns of an invocation, each with how it ended. */
import { useNow } from "../../parts/now.ts";
import { to } from "../../routes.ts";
import { shortId, visible } from "../../words/text.ts";
import { clockTime, duration, ticking, wholeTime } from "../../words/time.ts";
import { type Attempt, errorKind } from "./model/attempts.ts";
import type { Story } from "./model/story.ts";

const ENDED: Readonly<Record<Attempt["outcome"], string>> = {
  running: "runs now",
  suspended: "suspended",
  failed: "failed",
  paused: "paused",
  completed: "came to the end",
  died: "its process ended",
  yielded: "its time was up between two steps",
  killed: "killed",
};

export function AttemptsTable({ story }: { readonly story: Story }) {
  const now = useNow();
  const { attempts, attemptsLeftOut, invocation } = story;
  if (attempts.length === 0)
    return (
      <p class="pad muted">
        {invocation.status === "pending" || invocation.status === "scheduled" || invocation.status === "ready"
          ? "It has not run yet."
          : "Its turns were not recorded: it began with an older version."}
      </p>
    );
  return (
    <div class="scroll">
      <table class="tight">
        <thead>
          <tr>
            <th class="r">#</th>
            <th>Began</th>
            <th class="r">Took</th>
            <th>Ended with</th>
            <th class="only-wide">Deployment</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt, index) => (
            <AttemptRow key={attempt.number} of={attempt} before={attempts[index - 1]} nowMs={now} />
          ))}
        </tbody>
      </table>
      {attemptsLeftOut > 0 && <p class="pad sub">{attemptsLeftOut} more, in the middle, are not kept.</p>}
    </div>
  );
}

interface AttemptRowProps {
  readonly of: Attempt;
  readonly before: Attempt | undefined;
  readonly nowMs: number;
}

const AttemptRow = ({ of, before, nowMs }: AttemptRowProps) => (
  <tr>
    <td class="r num">{of.number}</td>
    <td class="num nowrap" title={wholeTime(of.startedMs)}>
      {clockTime(of.startedMs, nowMs)}
    </td>
    <td class="r num nowrap">{tookInWords(of, nowMs)}</td>
    <td class="break">
      <Ended of={of} before={before} />
    </td>
    <td class="only-wide">
      {of.deployment !== undefined && (
        <a class="id" href={to.deployment(of.deployment)}>
          {shortId(of.deployment)}
        </a>
      )}
    </td>
  </tr>
);

function tookInWords({ startedMs, endedMs, outcome }: Attempt, nowMs: number): string {
  if (endedMs !== undefined) return duration(endedMs - startedMs);
  return outcome === "running" ? ticking(nowMs - startedMs) : "not known";
}

function Ended({ of: { errorMessage, outcome }, before }: Pick<AttemptRowProps, "of" | "before">) {
  if (errorMessage === undefined) return <>{ENDED[outcome]}</>;
  if (before?.errorMessage !== undefined && errorKind(before.errorMessage) === errorKind(errorMessage))
    return <>the same error</>;
  return (
    <>
      {ENDED[outcome]}: <b>{visible(errorMessage)}</b>
    </>
  );
}
