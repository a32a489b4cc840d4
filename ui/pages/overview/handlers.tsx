/** The handlers, those with trouble first. */
import type { HandlerFigures } from "../../admin/overview.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { Card } from "../../parts/card.tsx";
import { Icon } from "../../parts/icon.tsx";
import { TargetName } from "../../parts/names.tsx";
import { to } from "../../routes.ts";
import { duration } from "../../words/time.ts";
import { byTrouble, successWords } from "./overview-words.ts";

interface HandlersProps {
  readonly handlers: readonly HandlerFigures[];
  readonly services: readonly ServiceInfo[];
}

export const Handlers = ({ handlers, services }: HandlersProps) => {
  const hasFigures = handlers.some(({ ended }) => ended !== undefined);
  return (
    <Card
      title="Handlers"
      aside={<span class="sub only-wide">{hasFigures ? "what ended in the last hour" : "in flight"}</span>}
    >
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Handler</th>
              <th class="r">In flight</th>
              {hasFigures && (
                <>
                  <th class="r gone">Ended</th>
                  <th class="r">Succeeded</th>
                  <th class="r gone">p50</th>
                  <th class="r gone">p95</th>
                  <th class="r gone">Attempts a call</th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {byTrouble(handlers).map((one) => (
              <HandlerRow
                key={`${one.service}/${one.handler}`}
                of={one}
                kind={kindOf(services, one)}
                hasFigures={hasFigures}
              />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
};

interface HandlerRowProps {
  readonly of: HandlerFigures;
  readonly kind: string;
  readonly hasFigures: boolean;
}

const HandlerRow = ({ of, kind, hasFigures }: HandlerRowProps) => (
  <tr class="go">
    <td class="which">
      <TargetName of={of} href={to.invocations({ service: of.service, handler: of.handler })} />
      <div class="sub">{kind}</div>
    </td>
    <td class="r num">
      {of.inFlight === 0 ? (
        <span class="muted">0</span>
      ) : (
        <a href={to.invocations({ service: of.service, handler: of.handler, status: "open" })}>
          {of.inFlight.toLocaleString("en-GB")}
        </a>
      )}
    </td>
    {hasFigures && (
      <>
        <td class="r num gone">{of.ended?.toLocaleString("en-GB") ?? "–"}</td>
        <td class="r num nowrap">
          <Success of={of} />
        </td>
        <td class="r num gone">{of.p50Ms === undefined ? "–" : duration(of.p50Ms)}</td>
        <td class="r num gone">{of.p95Ms === undefined ? "–" : duration(of.p95Ms)}</td>
        <td class="r num gone">{of.attempts?.toFixed(1) ?? "–"}</td>
      </>
    )}
  </tr>
);

const Success = ({ of }: { readonly of: HandlerFigures }) =>
  (of.failed ?? 0) === 0 ? (
    <>{successWords(of)}</>
  ) : (
    <a
      class="trouble"
      href={to.invocations({ service: of.service, handler: of.handler, status: "failed" })}
      title={`${of.failed} failed`}
    >
      <Icon name="warn" small /> {successWords(of)}
    </a>
  );

function kindOf(services: readonly ServiceInfo[], { service, handler }: HandlerFigures): string {
  const found = services.find(({ name }) => name === service);
  if (found === undefined) return "not served any more";
  const kind = found.handlers.find(({ name }) => name === handler)?.kind;
  if (found.type === "Service") return "service";
  if (found.type === "Workflow") return kind === "Shared" ? "workflow, shared" : "workflow";
  return kind === "Shared" ? "object, shared" : "object, exclusive";
}
