/** The list of invocations. */
import { askFields } from "../../admin/client.ts";
import { invocationOf } from "../../admin/invocation.ts";
import { useLive } from "../../admin/live.ts";
import { Shown } from "../../parts/empty.tsx";
import { Id, TargetName } from "../../parts/names.tsx";
import { InvocationStatus } from "../../parts/status.tsx";
import { to } from "../../routes.ts";

export function Invocations() {
  const loaded = useLive("invocations", async (signal) =>
    (await askFields("/invocations?order=newest", { signal })).objects("invocations").map(invocationOf),
  );
  return (
    <Shown of={loaded}>
      {(rows) => (
        <table class="cards">
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} class="go">
                <td class="c-t">
                  <TargetName of={row.target} href={to.invocation(row.id)} />
                  <Id id={row.id} />
                </td>
                <td class="nowrap in">
                  <InvocationStatus of={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Shown>
  );
}
