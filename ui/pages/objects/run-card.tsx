/** A workflow's run: what it was given, and what it has answered. */
import { askFields, path } from "../../admin/client.ts";
import type { Invocation } from "../../admin/invocation.ts";
import { useLive } from "../../admin/live.ts";
import { Shown } from "../../parts/empty.tsx";
import { Badge } from "../../parts/status.tsx";
import { ValueBox } from "../../parts/value.tsx";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";

export function RunCard({ run }: { readonly run: Invocation }) {
  const values = useLive(`run ${run.id} ${run.status}`, async (signal) => {
    const answer = await askFields(`${path`/invocations/${run.id}/journal`}?limit=1`, { signal });
    const [input, output] = [answer.object("input"), answer.object("output")];
    return {
      input: { text: input?.optionalText("value"), base64: input?.optionalText("value_base64") },
      output: { text: output?.optionalText("value"), base64: output?.optionalText("value_base64") },
    };
  });
  const { failure } = run;
  return (
    <section class="card" aria-label="Run">
      <header>
        <h2 class="grow">
          <a href={to.invocation(run.id)}>The run</a>
        </h2>
        <Badge look={run.look} />
      </header>
      <Shown of={values}>
        {({ input, output }) => (
          <div class="pad form">
            <ValueBox title="Input" {...withValue(input)} absent="It was given none, or it is not kept." />
            {failure ? (
              <p class="err">
                {failure.code}: {visible(failure.message)}
              </p>
            ) : run.status === "completed" ? (
              <ValueBox title="Result" {...withValue(output)} absent="It has answered nothing." />
            ) : (
              <p class="muted">It has no result yet.</p>
            )}
          </div>
        )}
      </Shown>
    </section>
  );
}

interface Kept {
  readonly text: string | undefined;
  readonly base64: string | undefined;
}
const withValue = ({ text, base64 }: Kept): Kept => ({ text: text === "" ? undefined : text, base64 });
