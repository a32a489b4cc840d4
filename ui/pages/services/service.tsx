/** One service: its handlers, what they take and answer, and its settings. */
import { useRoute } from "preact-iso";
import { askFields, isNotFound, path } from "../../admin/client.ts";
import { EVERY_MS, useLive } from "../../admin/live.ts";
import { type HandlerInfo, type ServiceInfo, serviceOf } from "../../admin/service.ts";
import { Facts } from "../../parts/card.tsx";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Id } from "../../parts/names.tsx";
import { Say } from "../../parts/say.tsx";
import { ValueBox } from "../../parts/value.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { TYPE_WORDS } from "../../words/service-type.ts";
import { counted, visible } from "../../words/text.ts";
import { handlerId, type HandlerLoad, NO_LOAD } from "./in-flight.ts";
import { Load } from "./load.tsx";
import { SettingsCard } from "./settings-card.tsx";
import { durationInWords } from "./settings.ts";
import { useInFlight } from "./use-in-flight.ts";

export function ServicePage() {
  const name = useRoute().params["name"] ?? "";
  const service = useLive(
    `service ${name}`,
    async (signal) => serviceOf(await askFields(path`/services/${name}`, { signal })),
    EVERY_MS.counts,
  );
  const { error } = service;
  if (isNotFound(error) && service.data === undefined)
    return (
      <Empty title={`There is no service ${visible(name)}.`}>
        <p>
          It was never deployed here, or its deployment was removed. Its name tells upper from lower case.
        </p>
        <a class="b" href={to.services()}>
          All services
        </a>
      </Empty>
    );
  return <Shown of={service}>{(of) => <Page key={name} service={of} reload={service.reload} />}</Shown>;
}

function Page({ service, reload }: { readonly service: ServiceInfo; readonly reload: () => void }) {
  const { name, type, handlers } = service;
  const inFlight = useInFlight(name);
  const loadOf = (handler: string): HandlerLoad | undefined =>
    inFlight.data && (inFlight.data.get(handlerId(name, handler)) ?? NO_LOAD);
  return (
    <>
      <section class="lead">
        <div class="row wrap between">
          <h1 class="tgt grow">
            <bdi class="sv">{visible(name)}</bdi>
          </h1>
          <div class="row wrap actions all">
            <a class="b" href={to.playground({ service: name })}>
              <Icon name="play" small />
              Call
            </a>
            {type !== "Service" && (
              <a class="b" href={to.objects(name)}>
                <Icon name="object" small />
                Keys
              </a>
            )}
            <a class="b" href={to.invocations({ service: name })}>
              <Icon name="list" small />
              Invocations
            </a>
          </div>
        </div>
        <Say of={sentence(service, loadOf(""))} />
        <Documentation of={service} />
      </section>
      <section class="card" aria-label="Handlers">
        <header>
          <h2 class="grow">Handlers</h2>
          <span class="n">{handlers.length}</span>
        </header>
        <Table class="hand-t" head={["Handler", "Input", "Output", "In flight", { actions: true }]}>
          {handlers.map((handler) => (
            <HandlerRows key={handler.name} {...{ service, handler }} load={loadOf(handler.name)} />
          ))}
        </Table>
      </section>
      <div class="two">
        <SettingsCard service={service} onChanged={reload} />
        <FactsCard service={service} />
      </div>
    </>
  );
}

function sentence({ type, handlers }: ServiceInfo, load: HandlerLoad | undefined) {
  const kind = { Service: "A service", VirtualObject: "An object", Workflow: "A workflow" }[type];
  const head = [`${kind} with ${counted(handlers.length, "handler")}. `, true] as const;
  if (load === undefined) return [head];
  const paused = load.byStatus.get("paused") ?? 0;
  const retrying = load.byStatus.get("backing-off") ?? 0;
  return [
    head,
    load.inFlight === 0 ? "Nothing is in flight." : `${counted(load.inFlight, "invocation")} in flight`,
    load.inFlight === 0 ? "" : paused === 0 && retrying === 0 ? ", and none is in trouble." : ": ",
    [
      [
        ...(paused === 0 ? [] : [`${paused} paused`]),
        ...(retrying === 0 ? [] : [`${retrying} retrying`]),
      ].join(", "),
      true,
    ] as const,
    paused + retrying === 0 ? "" : ".",
  ];
}

const Documentation = ({ of: { fields } }: { readonly of: Pick<ServiceInfo, "fields"> }) => {
  const told = fields.optionalText("documentation");
  return told === undefined ? null : <p class="muted">{visible(told)}</p>;
};

interface RowsProps {
  readonly service: ServiceInfo;
  readonly handler: HandlerInfo;
  readonly load: HandlerLoad | undefined;
}

const kindOf = ({ kind, isPublic }: HandlerInfo): string =>
  [
    ...(kind === undefined ? [] : [kind === "Workflow" ? "the run" : kind.toLowerCase()]),
    ...(isPublic ? [] : ["private"]),
  ].join(", ");

function HandlerRows({ service, handler, load }: RowsProps) {
  const { name, fields } = handler;
  const told = fields.optionalText("documentation");
  return (
    <tr>
      <td class="svc-name">
        <span class="strong">
          <bdi>{visible(name)}</bdi>
        </span>{" "}
        <span class="sub">{kindOf(handler)}</span>
        {told !== undefined && <div class="sub">{visible(told)}</div>}
      </td>
      <td class="full">
        <span class="sub only-phone">takes</span>
        <Shape
          name="input"
          description={fields.optionalText("input_description")}
          schema={fields.raw["input_json_schema"]}
        />
      </td>
      <td class="full">
        <span class="sub only-phone">answers</span>
        <Shape
          name="output"
          description={fields.optionalText("output_description")}
          schema={fields.raw["output_json_schema"]}
        />
      </td>
      <td class="full">
        <Load of={load} filter={{ service: service.name, handler: name }} />
      </td>
      <td class="r nowrap">
        {handler.isPublic && (
          <a
            class="b sm"
            href={to.playground({ service: service.name, handler: name })}
            aria-label={`Call ${visible(name)}`}
          >
            <Icon name="play" small />
            Call
          </a>
        )}
      </td>
    </tr>
  );
}

interface ShapeProps {
  readonly name: string;
  readonly description: string | undefined;
  readonly schema: unknown;
}

function Shape({ name, description, schema }: ShapeProps) {
  const type = description === "any" ? "anything" : (description ?? "anything");
  if (schema === undefined) return <span class="muted">{visible(type)}</span>;
  return (
    <details class="shape">
      <summary>{visible(type)}, with a schema</summary>
      <ValueBox title={`Schema of the ${name}`} text={JSON.stringify(schema)} />
    </details>
  );
}

const Destination = ({ of }: { readonly of: string | undefined }) =>
  of === undefined ? (
    <>go nowhere</>
  ) : (
    <a href={to.deployment(of)}>
      <Id id={of} />
    </a>
  );

function FactsCard({ service }: { readonly service: ServiceInfo }) {
  const { type, revision, deployment, isPublic, fields } = service;
  const metadata = Object.entries(fields.texts("metadata"));
  return (
    <section class="card" aria-label="Facts">
      <header>
        <h2 class="grow">Facts</h2>
      </header>
      <Facts
        of={[
          ["Kind", TYPE_WORDS[type]],
          ["Revision", String(revision)],
          ["New calls", <Destination key="to" of={deployment} />],
          [
            "Access",
            isPublic
              ? "public: anybody who reaches the ingress may call it"
              : "private: only other handlers call it",
          ],
          ...retryFacts(fields),
          ...metadata.map(([name, value]) => [visible(name), visible(value)] as const),
        ]}
      />
      <p class="pad sub">
        <a href={path`/services/${service.name}/openapi`}>OpenAPI 3.1</a> of its public handlers.
      </p>
    </section>
  );
}

function retryFacts(fields: ServiceInfo["fields"]): readonly (readonly [string, string])[] {
  const policy = fields.object("retry_policy");
  if (!policy) return [];
  const attempts = policy.optionalNumber("max_attempts");
  const first = durationInWords(policy.optionalText("initial_interval") ?? "");
  const longest = durationInWords(policy.optionalText("max_interval") ?? "");
  const then = policy.optionalText("on_max_attempts") === "Pause" ? "then it is paused" : "then it fails";
  return [
    [
      "Retries",
      attempts === undefined
        ? `for ever, after ${first} at first, ${longest} at most`
        : `${counted(attempts, "attempt")}, after ${first} at first, ${longest} at most; ${then}`,
    ],
  ];
}
