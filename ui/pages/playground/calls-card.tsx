/** Calls before: the last ones that this browser has made. */
import { Badge } from "../../parts/status.tsx";
import { useNow } from "../../parts/now.ts";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";
import { clockTime } from "../../words/time.ts";
import { type CallBefore, forgetCalls } from "./calls-before.ts";
import { lookOfAnswer } from "./result-card.tsx";

interface CallsProps {
  readonly calls: readonly CallBefore[];
  readonly onAgain: (call: CallBefore) => void;
  readonly onForget: () => void;
}

export function CallsBefore({ calls, onAgain, onForget }: CallsProps) {
  const now = useNow();
  if (calls.length === 0) return null;
  return (
    <section class="card" aria-label="Calls before">
      <header>
        <h2 class="grow">Calls before</h2>
        <button
          type="button"
          class="b q sm"
          title="This browser keeps them; values of headers are not kept"
          onClick={() => {
            forgetCalls();
            onForget();
          }}
        >
          Forget them
        </button>
      </header>
      <table class="calls-t">
        <tbody>
          {calls.map((call) => (
            <tr key={`${call.atMs} ${call.draft.key}`} class="go">
              <td class="nowrap">
                {call.id === undefined ? (
                  <Badge look={lookOfAnswer(call.status)} />
                ) : (
                  <a href={to.invocation(call.id)} title="See what happened">
                    <Badge look={lookOfAnswer(call.status)} />
                  </a>
                )}
              </td>
              <td class="num nowrap only-wide">{clockTime(call.atMs, now)}</td>
              <td class="what">
                <span class="mono cut" title={visible(shown(call))}>
                  {visible(shown(call))}
                </span>
              </td>
              <td class="r">
                <button
                  type="button"
                  class="b sm"
                  aria-label={`Again: ${visible(shown(call))}`}
                  onClick={() => onAgain(call)}
                >
                  again
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const shown = ({ draft: { service, handler, key, input } }: CallBefore): string =>
  [`${service}/${handler}`, key, input].filter((part) => part !== "").join(" ");
