/** When there is nothing yet: what to run next, with the ports that are really there. */
import { useServer } from "../../admin/server.ts";
import { type ServiceInfo, useServices } from "../../admin/services.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { to } from "../../routes.ts";
import { counted, visible } from "../../words/text.ts";
import { firstCall } from "./first-call.ts";

const FIRST_FILE = `import { service } from "perdure";

export const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (ctx, name: string) => \`Hello, \${name}!\`,
  },
});`;
const DEFAULT_INGRESS = "http://localhost:8080";

export function FirstMinute() {
  const services = useServices().data;
  const ingress = useServer().data?.ingress ?? DEFAULT_INGRESS;
  if (services === undefined) return <p class="muted pad">Loading…</p>;
  return services.length === 0 ? <NoService /> : <NoCall services={services} ingress={ingress} />;
}

const NoService = () => (
  <Empty title="The server runs. No service is registered yet.">
    <p>Write a handler in a file, for example greeter.ts:</p>
    <Snippet text={FIRST_FILE} what="file" />
    <p>Serve it. The server reloads it when you save:</p>
    <Snippet text="npx perdure dev greeter.ts" what="command" />
    <p class="muted">
      Or register a process that serves its handlers over HTTP, or a version of a Lambda function:{" "}
      <a href={to.deployments()}>Deployments</a>.
    </p>
  </Empty>
);

interface NoCallProps {
  readonly services: readonly ServiceInfo[];
  readonly ingress: string;
}
function NoCall({ services, ingress }: NoCallProps) {
  const call = firstCall(services, ingress);
  return (
    <Empty title="Served and ready. Nothing has been called yet.">
      <p>
        {counted(services.length, "service")}:{" "}
        {services.map(({ name, handlers }, index) => (
          <span key={name}>
            {index > 0 && ", "}
            <a href={to.service(name)}>
              <b>{visible(name)}</b>
            </a>{" "}
            <span class="muted">({counted(handlers.length, "handler")})</span>
          </span>
        ))}
        . {call === undefined ? "None of them is public." : "Make the first call:"}
      </p>
      {call !== undefined && <Snippet text={call.curl} what="command" />}
      <p class="muted">It appears here as it happens.</p>
      {call !== undefined && (
        <p>
          <a class="b p" href={to.playground(call.target)}>
            <Icon name="play" />
            Open the playground
          </a>
        </p>
      )}
    </Empty>
  );
}

const Snippet = ({ text, what }: { readonly text: string; readonly what: string }) => (
  <div class="snippet">
    <pre>{text}</pre>
    <CopyButton text={text} what={what} />
  </div>
);
