/** The heading of the page: what it is, how it stands, and what a person would say of it. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Target } from "../../admin/invocation.ts";
import { useNow } from "../../parts/now.ts";
import { TargetHeading, targetText } from "../../parts/names.tsx";
import { Badge } from "../../parts/status.tsx";
import type { KeyLock } from "./model/lock.ts";
import { plainText } from "../../words/pieces.ts";
import { badgeMore, causeOf, sentenceOf } from "./model/sentence.ts";
import type { RetryPolicy } from "./model/policy.ts";
import type { Story } from "./model/story.ts";
import { Say } from "./say.tsx";

interface LeadProps {
  readonly story: Story;
  readonly lock: KeyLock | undefined;
  readonly policy: RetryPolicy | undefined;
  readonly caller: Target | undefined;
  readonly children: ComponentChildren;
}

export function Lead({ story, lock, policy, caller, children }: LeadProps) {
  const nowMs = useNow();
  const said = { story, lock, policy, caller, nowMs };
  const { invocation } = story;
  const { target, look, status } = invocation;
  const more = badgeMore(said);
  const title = `${targetText(target)} · ${look.word}`;
  useEffect(() => {
    document.title = `${title} · Perdure`;
  }, [title]);
  const sentence = sentenceOf(said);
  return (
    <section class="lead">
      <div class="row wrap between lead-row">
        <div class="row wrap grow lead-title">
          <TargetHeading of={target} />
          <Badge look={look} more={more} />
        </div>
        <div class="row wrap actions">{children}</div>
      </div>
      <p class="say">
        <Say pieces={sentence} />
      </p>
      <Spoken on={`${status} ${invocation.retryCount}`} text={plainText(sentence)} />
      <p class="muted">
        <Say pieces={causeOf(said)} />
      </p>
    </section>
  );
}

interface SpokenProps {
  /** With another one the sentence is said anew. */
  readonly on: string;
  readonly text: string;
}

/** The sentence for readers of the screen: it changes with the status, and not with each second. */
function Spoken({ on, text }: SpokenProps) {
  const [said, setSaid] = useState({ on, text });
  if (said.on !== on) setSaid({ on, text });
  return (
    <output class="sr" aria-live="polite">
      {said.text}
    </output>
  );
}
