/** Removes a deployment, after saying what that takes away. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { ask, path } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { counted, visible } from "../../words/text.ts";
import { deploymentName, type Standing } from "./drain.ts";

interface RemoveProps {
  readonly of: Standing;
  readonly services: readonly ServiceInfo[];
  readonly onClose: () => void;
}

export function Remove({ of, onClose }: RemoveProps) {
  const { route } = useLocation();
  const { data: server } = useServer();
  const [force, setForce] = useState(false);
  const { deployment, newest, held } = of;
  const name = deploymentName(deployment);
  const isNeeded = newest.length > 0 || held.open > 0;
  return (
    <Confirm
      title={`Remove ${name}`}
      action="Remove it"
      danger
      typed={server?.isProduction === true && isNeeded ? name : undefined}
      onClose={onClose}
      onConfirm={async () => {
        if (isNeeded && !force)
          throw new Error("It is needed. Say that you know what this breaks, or keep it.");
        await ask(`${path`/deployments/${deployment.id}`}${force ? "?force=true" : ""}`, {
          method: "DELETE",
        });
        toast(`${name} is removed. Registering the same address again brings it back.`);
        refresh();
        route(to.deployments());
      }}
    >
      <div class="form">
        <p>
          It is forgotten here; what runs at its address is left alone. Registering the same address again
          gives it the same id.
        </p>
        {isNeeded && (
          <>
            <ul class="form">
              {newest.map((service) => (
                <li key={service} class="warned">
                  New calls of {visible(service)} go to the newest other deployment that has it, or fail if
                  there is none.
                </li>
              ))}
              {held.open > 0 && (
                <li class="warned">
                  {counted(held.open, "invocation")} in flight {held.open === 1 ? "fails" : "fail"} with
                  RT0011, and {held.open === 1 ? "is" : "are"} retried until paused.
                </li>
              )}
            </ul>
            <label class="row">
              <input
                type="checkbox"
                checked={force}
                onChange={(event) => setForce(event.currentTarget.checked)}
              />
              I know what this breaks
            </label>
          </>
        )}
      </div>
    </Confirm>
  );
}
