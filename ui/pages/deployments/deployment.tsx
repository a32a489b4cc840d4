/** One deployment: its services, its address, what is pinned to it. */
import { useState } from "preact/hooks";
import { ask } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { Facts } from "../../parts/card.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Id } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { Say } from "../../parts/say.tsx";
import { toast } from "../../parts/toast.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { TYPE_WORDS } from "../../words/service-type.ts";
import { counted, visible } from "../../words/text.ts";
import { wholeTime } from "../../words/time.ts";
import { ChangesCard, useServicesOf } from "./changes-card.tsx";
import { agoInWords, deploymentName, holdsInWords, type Standing } from "./drain.ts";
import { Remove } from "./remove.tsx";
import { StateBadge } from "./state-badge.tsx";

interface PageProps {
  readonly id: string;
  readonly all: readonly Standing[];
  readonly services: readonly ServiceInfo[];
}

export function DeploymentPage({ id, all, services }: PageProps) {
  const standing = all.find(({ deployment }) => deployment.id === id);
  if (!standing)
    return (
      <Empty title="There is no such deployment.">
        <p>
          <span class="mono">{visible(id)}</span> was never registered here, or was removed. What is still
          pinned to a removed one is paused in the end: registering the same address again brings it back.
        </p>
        <a class="b" href={to.deployments()}>
          All deployments
        </a>
      </Empty>
    );
  return (
    <>
      <Lead of={standing} services={services} />
      <div class="two">
        <ServicesCard of={standing} />
        <FactsCard of={standing} />
      </div>
      {all.length > 1 && <ChangesCard of={standing} all={all} />}
    </>
  );
}

function Lead({ of, services }: { readonly of: Standing; readonly services: readonly ServiceInfo[] }) {
  const now = useNow();
  const [asking, setAsking] = useState<"remove" | "move">();
  const { deployment, held, newest, state } = of;
  const paused = held.byStatus.get("paused") ?? 0;
  const close = (): void => setAsking(undefined);
  return (
    <section class="lead">
      <div class="row wrap between">
        <h1 class="tgt grow">
          <bdi class="sv">{deploymentName(deployment)}</bdi>
        </h1>
        <div class="row wrap actions all">
          {held.open > 0 && (
            <a class="b" href={to.invocations({ deployment: deployment.id })}>
              <Icon name="list" small />
              Look at {held.open}
            </a>
          )}
          {paused > 0 && newest.length === 0 && (
            <button type="button" class="b" onClick={() => setAsking("move")}>
              Move {paused} paused to latest…
            </button>
          )}
          <button type="button" class="b danger" onClick={() => setAsking("remove")}>
            Remove…
          </button>
        </div>
      </div>
      <Say of={sentence(of, now)} />
      <p class="row">
        <StateBadge of={state} />
        <span class="muted">{holdsInWords(of, now)}</span>
      </p>
      {asking === "remove" && <Remove of={of} services={services} onClose={close} />}
      {asking === "move" && <MovePaused of={of} count={paused} onClose={close} />}
    </section>
  );
}

function sentence({ newest, held, state, deployment, isCounted }: Standing, nowMs: number) {
  const since = `, registered ${agoInWords(nowMs - deployment.createdMs)}`;
  if (state === "older") return ["No new call goes there."];
  if (state === "drained")
    return [["It is drained", true] as const, ": no new call goes there, and nothing holds it."];
  if (state === "draining")
    return [
      "No new call goes there. ",
      [`${counted(held.open, "invocation")} in flight`, true] as const,
      held.open === 1 ? " goes on on it to its end." : " go on on it to their end.",
    ];
  const where = state === "latest" ? "all services" : newest.map(visible).join(", ");
  const head = [["New calls go there", true] as const, ` for ${where}${since}. `];
  if (!isCounted) return head;
  return [...head, [counted(held.open, "invocation"), true] as const, " in flight."];
}

function ServicesCard({ of: { deployment, newest } }: { readonly of: Standing }) {
  const services = useServicesOf(deployment.id);
  return (
    <section class="card" aria-label="Services">
      <header>
        <h2 class="grow">Services</h2>
        <span class="n">{deployment.services.length}</span>
      </header>
      <Shown of={services}>
        {(all) => (
          <Table
            class="svc-t"
            head={[
              "Service",
              "Kind",
              { name: "Handlers", class: "r" },
              { name: "Revision", class: "r" },
              "New calls",
            ]}
          >
            {all.map(({ name, type, handlers, revision }) => (
              <tr key={name} class="go">
                <td class="svc-name">
                  <ServiceLink name={name} />
                </td>
                <td>{TYPE_WORDS[type]}</td>
                <td class="r num" title={handlers.map((handler) => visible(handler.name)).join(", ")}>
                  {handlers.length}
                </td>
                <td class="r num only-wide">{revision}</td>
                <td class="only-wide">
                  {newest.includes(name) ? "come here" : <span class="muted">elsewhere</span>}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Shown>
    </section>
  );
}

const ServiceLink = ({ name }: { readonly name: string }) => (
  <a class="strong" href={to.service(name)}>
    <bdi>{visible(name)}</bdi>
  </a>
);

const KINDS = {
  function: "a function’s version",
  url: "a process at a URL",
  file: "a file that this server serves",
} as const;

function FactsCard({ of: { deployment } }: { readonly of: Standing }) {
  const { id, address, kind, createdMs, fields } = deployment;
  const headers = Object.keys(fields.texts("additional_headers"));
  const sdk = fields.optionalText("sdk_version");
  const protocol = fields.optionalNumber("max_protocol_version");
  return (
    <section class="card" aria-label="Facts">
      <header>
        <h2 class="grow">Facts</h2>
      </header>
      <Facts
        of={[
          ["Id", <Id key="id" id={id} copy />],
          ["Is", KINDS[kind]],
          ...(kind === "file" ? [] : [["Address", visible(address)] as const]),
          ["Registered", wholeTime(createdMs)],
          ...(sdk === undefined ? [] : [["SDK", visible(sdk)] as const]),
          ...(protocol === undefined ? [] : [["Protocol", String(protocol)] as const]),
          ...(kind === "url" ? [["HTTP", fields.optionalText("http_version") ?? ""] as const] : []),
          ...(headers.length === 0
            ? []
            : [["Headers", `${headers.map(visible).join(", ")} (values are not shown)`] as const]),
          ...Object.entries(fields.texts("metadata")).map(
            ([name, value]) => [visible(name), visible(value)] as const,
          ),
        ]}
      />
    </section>
  );
}

function MovePaused({
  of,
  count,
  onClose,
}: {
  readonly of: Standing;
  readonly count: number;
  readonly onClose: () => void;
}) {
  const { id } = of.deployment;
  return (
    <Confirm
      title="Move what is paused to the latest deployment"
      action={`Move ${count}`}
      onClose={onClose}
      onConfirm={async () => {
        const body = { filter: { deployment: id, status: "paused" }, deployment: "latest" };
        await ask("/invocations/resume", { method: "POST", body });
        toast("They are resumed on the latest deployment.");
        refresh();
      }}
    >
      <p>
        {counted(count, "paused invocation")} {count === 1 ? "is" : "are"} resumed on the newest deployment of{" "}
        {count === 1 ? "its" : "their"} service. One whose journal does not fit the code there is paused
        again, with a journal mismatch. Nothing is lost by that.
      </p>
    </Confirm>
  );
}
