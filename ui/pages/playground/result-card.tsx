/** What came back, and the way to what has happened. */
import { CopyButton } from "../../parts/copy.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useNow } from "../../parts/now.ts";
import { Badge } from "../../parts/status.tsx";
import { to } from "../../routes.ts";
import type { StatusLook } from "../../words/status.ts";
import { bytesInWords, visible } from "../../words/text.ts";
import { duration, ticking } from "../../words/time.ts";
import { JsonText } from "./json-text.tsx";
import type { Result, ResultAnswer } from "./use-playground.ts";

export function ResultCard({ result, onStop }: { readonly result: Result; readonly onStop: () => void }) {
  const { answer } = result;
  return (
    <section class="card" aria-label="Last result">
      {answer ? (
        <Answered answer={answer} how={result.draft.how} />
      ) : (
        <Waiting sentMs={result.sentMs} onStop={onStop} />
      )}
    </section>
  );
}

function Waiting({ sentMs, onStop }: { readonly sentMs: number; readonly onStop: () => void }) {
  useNow();
  return (
    <header>
      <h2>Waiting</h2>
      <span class="sub num grow" role="status">
        for the result, since {ticking(Date.now() - sentMs)}
      </span>
      <button type="button" class="b sm" onClick={onStop}>
        Stop waiting
      </button>
    </header>
  );
}

export const lookOfAnswer = (status: number | undefined): StatusLook => {
  if (status === undefined || status === 0) return { look: "retrying", icon: "warn", word: "open" };
  if (status >= 200 && status < 300) return { look: "ok", icon: "check", word: String(status) };
  return { look: "failed", icon: "cross", word: String(status) };
};

interface AnsweredProps {
  readonly answer: ResultAnswer;
  readonly how: "call" | "send";
}

function Answered({ answer, how }: AnsweredProps) {
  const { status, tookMs, text, contentType, id, stopped } = answer;
  const size = new TextEncoder().encode(text).length;
  return (
    <>
      <header>
        <h2>Last result</h2>
        <Badge look={lookOfAnswer(status)} />
        <span class="sub num grow" role="status">
          {[duration(tookMs), ...(status === 0 ? [] : [bytesInWords(size), contentType])]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {text !== "" && <CopyButton text={text} what="result" />}
      </header>
      <div class="pad result">
        {status === 0 ? (
          <p>
            {stopped === true
              ? "Nobody waits any more. If it was accepted, it goes on to its end."
              : "Nothing has answered. Whether the call arrived is open: with an idempotency key you may send it again without doing it twice."}
          </p>
        ) : text === "" ? (
          <p class="muted">It has answered nothing.</p>
        ) : (
          <JsonText text={text} />
        )}
      </div>
      <footer class="pad row wrap between foot-line">
        <span class="muted">{explained(status, how)}</span>
        {id !== undefined && (
          <a href={to.invocation(id)}>
            See what happened <Icon name="chev" small />
          </a>
        )}
      </footer>
    </>
  );
}

function explained(status: number, how: "call" | "send"): string {
  if (status === 0) return "";
  if (how === "send" && status < 300) return "Accepted: it is done whatever happens now.";
  if (status < 300) return "";
  if (status === 404) return "No handler has this name, or it is private.";
  if (status === 409) return visible("Refused: it exists already, or it was cancelled.");
  return status < 500 ? "Refused, or ended with a terminal error: it is not tried again." : "";
}
