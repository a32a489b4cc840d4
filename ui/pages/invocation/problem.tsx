/** What went wrong: the message, the user's own lines, how often, and what to do about it. */
import { useState } from "preact/hooks";
import { CopyButton } from "../../parts/copy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { counted, visible } from "../../words/text.ts";
import { type Attempt, failedIn, waysOf } from "./model/attempts.ts";
import { mismatchIn } from "./model/mismatch.ts";
import { type Frame, framesIn, headlineOf } from "./model/stack.ts";
import type { Story } from "./model/story.ts";
import { ErrorCodeLink } from "./error-code.tsx";
import { SourceLines } from "./source-lines.tsx";

/** What there is to say; `undefined`: nothing is wrong. */
function problemOf({ invocation }: Story): { kind: "stop" | "fail" | "retry"; message: string } | undefined {
  const { status, failure, lastFailure, look } = invocation;
  if (look.look === "cancelled" || status === "suspended") return undefined;
  if (status === "completed") return failure && { kind: "fail", message: failure.message };
  return lastFailure === undefined
    ? undefined
    : { kind: status === "paused" ? "stop" : "retry", message: lastFailure };
}

export function Problem({ story }: { readonly story: Story }) {
  const { invocation, stack, failing } = story;
  const problem = problemOf(story);
  if (problem === undefined) return null;
  const { kind, message } = problem;
  const where = failing?.name && failing.type === "run" ? `step “${visible(failing.name)}”` : undefined;
  return (
    <section class={`card alert a-${kind}`} id="error" aria-label="Error" tabIndex={-1}>
      <header class="bare">
        <span class="alert-icon">
          <Icon name={kind === "stop" ? "pause" : "warn"} />
        </span>
        <h2 class="grow mono message">
          <bdi>{visible(headlineOf(message))}</bdi>
        </h2>
        <CopyButton text={[message, stack].filter(Boolean).join("\n")} what="error" />
      </header>
      <More message={message} />
      {stack !== undefined && <SourceLines id={invocation.id} stack={stack} />}
      <Frames frames={stack === undefined ? [] : framesIn(stack)} where={where} />
      <MismatchParts message={message} />
      {kind === "stop" && <WaysOut isMismatch={invocation.lastFailureCode === "RT0016"} />}
      <Foot story={story} message={message} />
    </section>
  );
}

/** Recorded against now. */
function MismatchParts({ message }: { readonly message: string }) {
  const mismatch = mismatchIn(message);
  if (mismatch === undefined) return null;
  const { operation, of, recorded, now, where } = mismatch;
  return (
    <div class="two pad mismatch">
      <div>
        <p class="lab">
          Recorded, operation {operation} of {of}
        </p>
        <pre>
          <bdi>{visible(recorded)}</bdi>
        </pre>
      </div>
      <div>
        <p class="lab">
          Now <span class="muted mono">{where === undefined ? "" : visible(where)}</span>
        </p>
        <pre>
          <bdi>{visible(now)}</bdi>
        </pre>
      </div>
    </div>
  );
}

/** How often, and what to do about it. */
function Foot({
  story: { invocation, attempts },
  message,
}: {
  readonly story: Story;
  readonly message: string;
}) {
  const { retryCount, status, lastFailureCode } = invocation;
  const failed = failedIn(attempts);
  const code = lastFailureCode ?? /\b((?:RT|META)\d{4})\b/u.exec(message)?.[1];
  if (failed.length === 0 && retryCount === 0 && code === undefined) return null;
  return (
    <div class="pad row wrap problem-foot">
      <Marks failed={failed} count={retryCount} isDue={status === "backing-off"} />
      <span class="grow" />
      {code !== undefined && <ErrorCodeLink code={code} />}
    </div>
  );
}

/** The lines of a message behind the first one. */
function More({ message }: { readonly message: string }) {
  const rest = message.split("\n").slice(1).join("\n").trim();
  return rest === "" ? null : <pre class="pad more-message">{visible(rest)}</pre>;
}

function Frames({
  frames,
  where,
}: {
  readonly frames: readonly Frame[];
  readonly where: string | undefined;
}) {
  const [open, setOpen] = useState(false);
  const mine = frames.filter(({ isMine }) => isMine);
  const others = frames.filter(({ isMine }) => !isMine);
  if (frames.length === 0 && where === undefined) return null;
  return (
    <ol class="frames">
      {mine.map(({ name, place }, index) => (
        <li key={`${place} ${index}`} class="mine">
          <bdi>{visible(name || "your code")}</bdi> <span class="muted">{visible(place)}</span>
        </li>
      ))}
      {where !== undefined && <li class={mine.length === 0 ? "mine" : "muted"}>in the {where}</li>}
      {others.length > 0 && (
        <li>
          <button type="button" class="b q sm" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? "down" : "chev"} small />
            {counted(others.length, "frame")} of libraries and Node
          </button>
        </li>
      )}
      {open &&
        others.map(({ name, place }, index) => (
          <li key={`${place} ${index}`} class="muted">
            at {visible(name === "" ? place : `${name} (${place})`)}
          </li>
        ))}
    </ol>
  );
}

const MARKS_MAX = 24;

interface MarksProps {
  readonly failed: readonly Attempt[];
  /** Also those whose times are not known. */
  readonly count: number;
  readonly isDue: boolean;
}

/** The attempts as numbered marks: square like the last one, round if they failed otherwise. */
function Marks({ failed, count, isDue }: MarksProps) {
  const { others, words } = waysOf(failed);
  const shown = failed.slice(-MARKS_MAX);
  if (shown.length === 0)
    return count === 0 ? null : <span class="muted">{counted(count, "failed attempt")}.</span>;
  return (
    <>
      <span class="dots" role="img" aria-label={`${counted(failed.length, "failed attempt")}. ${words}`}>
        {failed.length > shown.length && <span class="muted">…</span>}
        {shown.map((attempt, index) => (
          <i
            key={attempt.number}
            class={others.includes(attempt) ? "other" : undefined}
            title={visible(attempt.errorMessage ?? "its message is not kept")}
          >
            {failed.length - shown.length + index + 1}
          </i>
        ))}
        {isDue && <i class="next" title="the next attempt" />}
      </span>
      <span class="muted">{words}</span>
    </>
  );
}

/** For what is paused: the ways out, the safest first. */
function WaysOut({ isMismatch }: { readonly isMismatch: boolean }) {
  return (
    <div class="pad ways">
      <p class="lab">What you can do, safest first</p>
      <ol>
        {isMismatch ? (
          <>
            <li>
              <b>1. Resume on the deployment where it began</b>, if it still serves: its code does what is
              recorded.
            </li>
            <li>
              <b>2. Deploy code that first does what is recorded</b>, then resume on the latest.
            </li>
            <li>
              <b>3. Kill it, and restart it as new</b> from the entry before. What is behind that runs again,
              and may have its effect twice.
            </li>
          </>
        ) : (
          <>
            <li>
              <b>1. Resume</b>, once the cause is gone. What is recorded does not run again; what failed is
              tried again.
            </li>
            <li>
              <b>2. Deploy corrected code</b>, then resume on the latest.
            </li>
            <li>
              <b>3. Cancel it</b>: its own code may undo what it did.
            </li>
          </>
        )}
      </ol>
    </div>
  );
}
