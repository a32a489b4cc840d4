/** Calls handlers by hand: a form from the input's schema, the code that does the same, what came back, and what was called before. */
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { type HandlerInfo, type ServiceInfo, useServices } from "../../admin/services.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";
import { type CallBefore, callsBefore } from "./calls-before.ts";
import { CallsBefore } from "./calls-card.tsx";
import { CodeCard } from "./code-card.tsx";
import { HandlerSelect, HandlerTree } from "./handler-tree.tsx";
import { RequestCard } from "./request-card.tsx";
import { ResultCard } from "./result-card.tsx";
import { usePlayground } from "./use-playground.ts";

export function Playground() {
  const { query } = useLocation();
  const services = useServices();
  return (
    <>
      <h1 class="sr">Playground</h1>
      <Shown of={services}>
        {(all) => {
          const callable = all.filter(({ handlers }) => handlers.length > 0);
          const service = callable.find(({ name }) => name === query["service"]) ?? callable[0];
          const handler =
            service?.handlers.find(({ name }) => name === query["handler"]) ??
            service?.handlers.find(({ isPublic }) => isPublic) ??
            service?.handlers[0];
          if (!service || !handler) return <NothingToCall />;
          const missing = missingOf(query, service, handler);
          return (
            <Bench
              key={JSON.stringify([service.name, handler.name, query["key"]])}
              {...{ services: callable, service, handler, missing }}
              keyText={query["key"]}
            />
          );
        }}
      </Shown>
    </>
  );
}

function missingOf(
  query: Readonly<Record<string, string | undefined>>,
  service: ServiceInfo,
  handler: HandlerInfo,
): string | undefined {
  if (query["service"] !== undefined && query["service"] !== service.name)
    return `There is no service ${visible(query["service"])}.`;
  if (query["handler"] !== undefined && query["handler"] !== handler.name)
    return `${visible(service.name)} has no handler ${visible(query["handler"])}.`;
  return undefined;
}

const NothingToCall = () => (
  <Empty title="There is nothing to call yet.">
    <p>Serve a file that defines a service, and its handlers appear here:</p>
    <pre class="code">{`import { service } from "perdure";

export default service({
  name: "Greeter",
  handlers: { greet: async (_ctx, name: string) => \`Hello \${name}\` },
});`}</pre>
    <p class="muted">
      Save it as greeter.ts, and run <code>perdure dev greeter.ts</code>. A process of your own is registered
      on the page of <a href={to.deployments()}>deployments</a>.
    </p>
  </Empty>
);

interface BenchProps {
  readonly services: readonly ServiceInfo[];
  readonly service: ServiceInfo;
  readonly handler: HandlerInfo;
  readonly keyText: string | undefined;
  readonly missing: string | undefined;
}

function Bench({ services, service, handler, keyText, missing }: BenchProps) {
  const { route } = useLocation();
  const [calls, setCalls] = useState<readonly CallBefore[]>(callsBefore);
  const play = usePlayground({ service, handler, key: keyText, onCalled: setCalls });
  return (
    <div class="play">
      <HandlerTree services={services} current={{ service: service.name, handler: handler.name }} />
      <HandlerSelect services={services} current={{ service: service.name, handler: handler.name }} />
      <RequestCard play={play} handler={handler} missing={missing} />
      <div class="play-side">
        <CodeCard draft={play.draft} />
        {play.result && <ResultCard result={play.result} onStop={play.stop} />}
        <CallsBefore
          calls={calls}
          onForget={() => setCalls([])}
          onAgain={({ draft }) => {
            play.restore(draft);
            route(
              to.playground({
                service: draft.service,
                handler: draft.handler,
                ...(draft.key !== "" && { key: draft.key }),
              }),
            );
          }}
        />
      </div>
    </div>
  );
}
