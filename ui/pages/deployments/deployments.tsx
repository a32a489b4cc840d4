/** Versions of the code: where new calls go, what holds the older ones, and until when. */
import { useRoute } from "preact-iso";
import { useRef, useState } from "preact/hooks";
import { type ServiceInfo, useServices } from "../../admin/services.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { Id } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { useRowKeys } from "../../parts/rows.ts";
import { Say } from "../../parts/say.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";
import { wholeTime } from "../../words/time.ts";
import { ChangesCard } from "./changes-card.tsx";
import { DeploymentPage } from "./deployment.tsx";
import {
  agoInWords,
  deploymentName,
  deploymentsSentence,
  holdsInWords,
  type Standing,
  standings,
} from "./drain.ts";
import { Register } from "./register.tsx";
import { Remove } from "./remove.tsx";
import { StateBadge } from "./state-badge.tsx";
import { useDeployments } from "./use-deployments.ts";

export function Deployments() {
  const { id } = useRoute().params;
  const services = useServices();
  const deployments = useDeployments();
  return (
    <Shown of={services}>
      {(all) => (
        <Shown of={deployments}>
          {(data) => {
            const standing = standings(data, all);
            return id === undefined ? (
              <List all={standing} services={all} />
            ) : (
              <DeploymentPage key={id} id={id} all={standing} services={all} />
            );
          }}
        </Shown>
      )}
    </Shown>
  );
}

interface ListProps {
  readonly all: readonly Standing[];
  readonly services: readonly ServiceInfo[];
}

function List({ all, services }: ListProps) {
  const now = useNow();
  const [registering, setRegistering] = useState(false);
  const list = useRef<HTMLElement>(null);
  useRowKeys("Lists", list);
  useKeys("Deployments", [{ keys: "n", help: "Register a deployment", run: () => setRegistering(true) }]);
  return (
    <>
      <section class="lead">
        <div class="row wrap between">
          <h1 class="sr">Deployments</h1>
          <div class="grow">
            <Say of={deploymentsSentence(all, now)} />
          </div>
          <button type="button" class="b p" onClick={() => setRegistering(true)}>
            <Icon name="plus" small />
            Register…
          </button>
        </div>
      </section>
      {all.length === 0 ? (
        <NoDeployments />
      ) : (
        <section class="card" ref={list} aria-label="Deployments">
          <Table
            class="dep-t"
            head={["State", "Deployment", "In flight", "What holds it", { actions: true }]}
          >
            {all.map((standing) => (
              <DeploymentRow key={standing.deployment.id} of={standing} services={services} nowMs={now} />
            ))}
          </Table>
        </section>
      )}
      {all.length > 1 && all[0] && <ChangesCard of={all[0]} all={all} />}
      {registering && <Register services={services} onClose={() => setRegistering(false)} />}
    </>
  );
}

const NoDeployments = () => (
  <Empty title="Nothing is deployed.">
    <p>
      Serve a file, and it is registered by itself. A process that serves its own handlers is registered by
      its address:
    </p>
    <pre class="code">{"perdure dev services.ts\nperdure deployments register http://localhost:9080"}</pre>
  </Empty>
);

interface RowProps {
  readonly of: Standing;
  readonly services: readonly ServiceInfo[];
  readonly nowMs: number;
}

function DeploymentRow({ of, services, nowMs }: RowProps) {
  const { deployment, state, held, isCounted } = of;
  const [removing, setRemoving] = useState(false);
  return (
    <tr class={state === "latest" ? "go cur" : "go"} data-row>
      <td class="nowrap">
        <StateBadge of={state} />
      </td>
      <td class="in">
        <Title of={of} nowMs={nowMs} />
      </td>
      <td class="num nowrap only-wide">
        <b>{isCounted && held.open}</b>
      </td>
      <td class="full">
        <Holds of={of} nowMs={nowMs} />
      </td>
      <td class="r nowrap full">
        {held.open > 0 ? (
          <a class="b sm" href={to.invocations({ deployment: deployment.id })}>
            Look at {held.open}
          </a>
        ) : (
          state === "drained" && (
            <button type="button" class="b sm" onClick={() => setRemoving(true)}>
              Remove…
            </button>
          )
        )}
        {removing && <Remove of={of} services={services} onClose={() => setRemoving(false)} />}
      </td>
    </tr>
  );
}

function Title({
  of: { deployment, newest, state },
  nowMs,
}: {
  readonly of: Standing;
  readonly nowMs: number;
}) {
  const { id, address, kind, createdMs } = deployment;
  return (
    <>
      <a class="strong" href={to.deployment(id)} title={visible(address)}>
        <bdi>{deploymentName(deployment)}</bdi>
      </a>{" "}
      <span class="sub" title={wholeTime(createdMs)}>
        {agoInWords(nowMs - createdMs)}
      </span>
      <div class="sub">
        {kind === "file" ? "a file that this server serves" : <Id id={id} />}
        {state === "partly" && ` · new calls of ${newest.map(visible).join(", ")}`}
      </div>
    </>
  );
}

function Holds({ of, nowMs }: { readonly of: Standing; readonly nowMs: number }) {
  const paused = of.held.byStatus.get("paused") ?? 0;
  return (
    <>
      {paused > 0 && (
        <a href={to.invocations({ deployment: of.deployment.id, status: "paused" })}>
          <span class="st s-paused plain">
            <Icon name="pause" />
            {paused} paused
          </span>{" "}
        </a>
      )}
      <span class={of.held.open === 0 ? "muted" : undefined}>{holdsInWords(of, nowMs)}</span>
    </>
  );
}
