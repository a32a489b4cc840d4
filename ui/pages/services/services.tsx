/** All services: what they are, what is in flight, where new calls go. */
import { useRef } from "preact/hooks";
import { type ServiceInfo, useServices } from "../../admin/services.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Id } from "../../parts/names.tsx";
import { useRowKeys } from "../../parts/rows.ts";
import { Say } from "../../parts/say.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { TYPE_ICONS, TYPE_WORDS } from "../../words/service-type.ts";
import { counted, visible } from "../../words/text.ts";
import { Load } from "./load.tsx";
import { handlerId, type HandlerLoad, NO_LOAD } from "./in-flight.ts";
import { useInFlight } from "./use-in-flight.ts";

export function Services() {
  const services = useServices();
  const inFlight = useInFlight();
  const list = useRef<HTMLElement>(null);
  useRowKeys("Lists", list);
  return (
    <>
      <h1 class="sr">Services</h1>
      <Shown of={services}>
        {(all) =>
          all.length === 0 ? (
            <NoServices />
          ) : (
            <>
              <Say of={sentence(all, inFlight.data)} />
              <section class="card" ref={list} aria-label="Services">
                <Table
                  class="svc-t"
                  head={[
                    "Service",
                    "Kind",
                    { name: "Handlers", class: "r" },
                    "In flight",
                    { name: "Revision", class: "r" },
                    "New calls go to",
                    "Access",
                  ]}
                >
                  {all.map((service) => (
                    <ServiceRow
                      key={service.name}
                      of={service}
                      load={inFlight.data && (inFlight.data.get(handlerId(service.name, "")) ?? NO_LOAD)}
                    />
                  ))}
                </Table>
              </section>
            </>
          )
        }
      </Shown>
    </>
  );
}

const NoServices = () => (
  <Empty title="No service is deployed.">
    <p>Serve a file, or register a process that serves its handlers:</p>
    <pre class="code">{"perdure dev services.ts\nperdure deployments register http://localhost:9080"}</pre>
    <a class="b" href={to.deployments()}>
      Deployments
    </a>
  </Empty>
);

function sentence(all: readonly ServiceInfo[], inFlight: ReadonlyMap<string, HandlerLoad> | undefined) {
  const handlers = all.reduce((sum, service) => sum + service.handlers.length, 0);
  const loads = all.map(({ name }) => inFlight?.get(handlerId(name, "")) ?? NO_LOAD);
  const total = loads.reduce((sum, load) => sum + load.inFlight, 0);
  const paused = loads.reduce((sum, load) => sum + (load.byStatus.get("paused") ?? 0), 0);
  return [
    [`${counted(all.length, "service")} with ${counted(handlers, "handler")}. `, true] as const,
    inFlight === undefined
      ? ""
      : total === 0
        ? "Nothing is in flight."
        : `${counted(total, "invocation")} in flight.`,
    paused === 0 ? "" : ` ${paused} ${paused === 1 ? "is" : "are"} paused, and need you.`,
  ];
}

function ServiceRow({ of, load }: { readonly of: ServiceInfo; readonly load: HandlerLoad | undefined }) {
  const { name, type, handlers, revision, deployment, isPublic } = of;
  return (
    <tr class="go" data-row>
      <td class="svc-name">
        <a class="strong" href={to.service(name)}>
          <Icon name={TYPE_ICONS[type]} /> <bdi>{visible(name)}</bdi>
        </a>
      </td>
      <td>{TYPE_WORDS[type]}</td>
      <td class="r num only-wide">{handlers.length}</td>
      <td class="full">
        <Load of={load} filter={{ service: name }} />
      </td>
      <td class="r num only-wide">{revision}</td>
      <td class="only-wide">
        {deployment !== undefined && (
          <a href={to.deployment(deployment)}>
            <Id id={deployment} />
          </a>
        )}
      </td>
      <td class="nowrap">
        {isPublic ? (
          "public"
        ) : (
          <>
            <Icon name="lock" small /> private
          </>
        )}
      </td>
    </tr>
  );
}
