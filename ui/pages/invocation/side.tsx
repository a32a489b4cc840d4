/** Beside the timeline: facts, and what it would cost in AWS. */
import type { ComponentChildren } from "preact";
import type { ServiceInfo } from "../../admin/services.ts";
import { Card, Facts } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { Id, targetText } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";
import { clockTime, ticking, wholeTime } from "../../words/time.ts";
import { CostCard } from "./cost.tsx";
import { keptOf, policyInWords, policyOf } from "./model/policy.ts";
import type { Story } from "./model/story.ts";
import type { Target } from "../../admin/invocation.ts";
import { timeOf } from "../../admin/fields.ts";

interface SideProps {
  readonly story: Story;
  readonly service: ServiceInfo | undefined;
  readonly caller: Target | undefined;
}

export const Side = ({ story, service, caller }: SideProps) => (
  <aside class="side" aria-label="Facts and cost">
    <FactsCard story={story} service={service} caller={caller} />
    <CostCard story={story} />
  </aside>
);

function FactsCard({ story, service, caller }: SideProps) {
  const now = useNow();
  const { invocation } = story;
  const { handler } = invocation.target;
  const { fields, createdMs, modifiedMs, completedMs, idempotencyKey, status } = invocation;
  const time = (ms: number): ComponentChildren => <span title={wholeTime(ms)}>{clockTime(ms, now)}</span>;
  const expiresMs = timeOf(fields, "expires_at");
  const facts: readonly (readonly [string, ComponentChildren] | undefined)[] = [
    ["Id", <Id key="id" id={invocation.id} copy />],
    completedMs === undefined
      ? [
          "Since",
          <>
            {time(modifiedMs)}, {ticking(now - modifiedMs)}
          </>,
        ]
      : ["Ended", time(completedMs)],
    ["Accepted", time(createdMs)],
    [
      story.origin === undefined ? "Called by" : "Record of",
      <CalledBy key="by" story={story} caller={caller} />,
    ],
    story.origin?.record === undefined
      ? undefined
      : ["Record", <bdi key="record">{story.origin.record}</bdi>],
    ["Deployment", <DeploymentFact key="dp" story={story} service={service} />],
    idempotencyKey === undefined
      ? undefined
      : [
          "Idempotency",
          <span key="ik" class="row">
            <span class="id cut" title={visible(idempotencyKey)}>
              <bdi>{visible(idempotencyKey)}</bdi>
            </span>
            <CopyButton text={idempotencyKey} what="key" />
          </span>,
        ],
    status === "completed" ? undefined : ["Retries", retriesInWords(service, handler)],
    ["Kept", expiresMs === undefined ? keptInWords(service, handler) : <>until {time(expiresMs)}</>],
    traceFact(fields.optionalText("trace_id")),
  ];
  return (
    <Card title="Facts">
      <Facts of={facts.filter((fact) => fact !== undefined)} />
    </Card>
  );
}

const traceFact = (id: string | undefined): readonly [string, ComponentChildren] | undefined =>
  id === undefined ? undefined : ["Trace", <Id key="trace" id={id} copy />];

function CalledBy({ story: { invocation, origin: record }, caller }: Pick<SideProps, "story" | "caller">) {
  const { invokedById, fields } = invocation;
  const origin = fields.optionalText("restarted_from");
  if (origin !== undefined) return <a href={to.invocation(origin)}>restarted from another</a>;
  if (record !== undefined)
    return (
      <a href={to.subscription(record.name ?? record.subscription)} title="The subscription">
        {record.name === undefined ? <Id id={record.subscription} /> : <bdi>{visible(record.name)}</bdi>}
      </a>
    );
  if (invokedById === undefined) return <>HTTP request</>;
  return (
    <a href={to.invocation(invokedById)} title="The caller (u)">
      {caller === undefined ? <Id id={invokedById} /> : <bdi>{targetText(caller)}</bdi>}
    </a>
  );
}

function DeploymentFact({ story: { invocation }, service }: Omit<SideProps, "caller">) {
  const { deployment } = invocation;
  if (deployment === undefined) return <>chosen when it begins</>;
  const isLatest = service?.deployment === deployment;
  return (
    <>
      <a href={to.deployment(deployment)} title={deployment}>
        {isLatest ? `revision ${service.revision}` : <Id id={deployment} />}
      </a>
      {isLatest ? " (latest)" : ""}
    </>
  );
}

function retriesInWords(service: ServiceInfo | undefined, handler: string): string {
  const policy = service && policyOf(service, handler);
  return policy === undefined ? "not known" : policyInWords(policy);
}

function keptInWords(service: ServiceInfo | undefined, handler: string): string {
  const kept = service && keptOf(service, handler);
  return kept === undefined ? "as its service says" : `${kept} after its end`;
}
