/** One key: who has it, who waits, its state, and what has run on it. A workflow's key has its run and promises, too. */
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { refresh } from "../../admin/live.ts";
import { sqlText } from "../../admin/client.ts";
import { useServer } from "../../admin/server.ts";
import { type ServiceInfo, useServices } from "../../admin/services.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { useNow } from "../../parts/now.ts";
import { Say } from "../../parts/say.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";
import { CancelRun } from "./cancel.tsx";
import { HistoryCard } from "./history-card.tsx";
import { isNameable, type KeyData } from "./key-data.ts";
import { PromisesCard } from "./promises-card.tsx";
import { QueueCard } from "./queue-card.tsx";
import { keySentence, ordinal, placeInWords, workflowSentence } from "./sentences.ts";
import { RunCard } from "./run-card.tsx";
import { StateCard } from "./state-card.tsx";
import { queueClear } from "./state-edit.ts";
import { useKeyData, useKeyState, useWhole } from "./use-key.ts";

export function ObjectPage() {
  const { service, key } = useLocation().query;
  const services = useServices();
  if (service === undefined || key === undefined) return <NoKey />;
  if (!isNameable(key)) return <Unnameable service={service} keyText={key} />;
  return (
    <Shown of={services}>
      {(all) => {
        const info = all.find(({ name }) => name === service);
        return info === undefined || info.type === "Service" ? (
          <Unkeyed service={service} known={info !== undefined} />
        ) : (
          <KeyPage key={JSON.stringify([service, key])} info={info} keyText={key} />
        );
      }}
    </Shown>
  );
}

const NoKey = () => (
  <Empty title="This address names no key.">
    <p>
      <a href={to.objects()}>The list of keys</a> leads to each of them.
    </p>
  </Empty>
);

const Unnameable = ({ service, keyText }: { readonly service: string; readonly keyText: string }) => (
  <Empty title={keyText === "" ? "The empty key has no page." : `No address can name the key “${keyText}”.`}>
    <p>
      {keyText === ""
        ? "An address ends where it would stand. In SQL it can be asked for:"
        : "Browsers take “.” and “..” for a folder, however they are written. In SQL it can be asked for:"}
    </p>
    <a
      class="b"
      href={to.sql(
        `SELECT * FROM state WHERE service_name = ${sqlText(service)} AND service_key = ${sqlText(keyText)}`,
      )}
    >
      Look at its state in SQL
    </a>
  </Empty>
);

const Unkeyed = ({ service, known }: { readonly service: string; readonly known: boolean }) => (
  <Empty title={known ? `${visible(service)} has no keys.` : `There is no service ${visible(service)}.`}>
    <p>
      {known
        ? "It is a plain service: its calls know nothing of each other."
        : "It was never deployed here, or its deployment was removed. Its name tells upper from lower case."}
    </p>
    <a class="b" href={known ? to.service(service) : to.services()}>
      {known ? "Its handlers" : "All services"}
    </a>
  </Empty>
);

interface KeyProps {
  readonly info: ServiceInfo;
  readonly keyText: string;
}

const STATE_EDIT = "~state";

function KeyPage({ info, keyText }: KeyProps) {
  const exclusive = info.handlers.filter(({ kind }) => kind !== "Shared").map(({ name }) => name);
  const data = useWhole(useKeyData(info.name, keyText, new Set([...exclusive, STATE_EDIT])));
  const state = useKeyState(info.name, keyText);
  const isWorkflow = info.type === "Workflow";
  return (
    <>
      <section class="lead">
        <Heading info={info} keyText={keyText} data={data.data} version={state.data?.version} />
        {data.data && <Answer of={data.data} isWorkflow={isWorkflow} />}
      </section>
      <div class="two">
        {isWorkflow ? (
          <WorkflowCards info={info} keyText={keyText} data={data.data} />
        ) : (
          <Shown of={data}>{(of) => <QueueCard data={of} />}</Shown>
        )}
        {(state.data !== undefined || state.error !== undefined) && (
          <Shown of={state}>
            {(of) => (
              <StateCard
                service={info.name}
                keyText={keyText}
                state={of}
                place={data.data ? placeInWords(data.data) : "behind whatever has the key"}
                {...(isWorkflow && data.data?.owner && { note: "edits wait until the run ends" })}
              />
            )}
          </Shown>
        )}
      </div>
      {data.data && (
        <HistoryCard
          title={isWorkflow ? "Handlers called on this run" : "Ended and running on this key"}
          service={info.name}
          keyText={keyText}
          data={data.data}
        />
      )}
    </>
  );
}

interface CardsProps extends KeyProps {
  readonly data: KeyData | undefined;
}

function WorkflowCards({ info, keyText, data }: CardsProps) {
  const history = data?.history ?? [];
  const run = history.find(({ target }) => target.handler === RUN);
  return (
    <div class="stack">
      <PromisesCard
        service={info}
        keyText={keyText}
        open={history.filter(({ status }) => status !== "completed")}
      />
      {run && <RunCard run={run} />}
    </div>
  );
}

const RUN = "run";

function Answer({ of, isWorkflow }: { readonly of: KeyData; readonly isWorkflow: boolean }) {
  const now = useNow();
  const run = of.history.find(({ target }) => target.handler === RUN);
  if (isWorkflow) return <Say of={workflowSentence(of.owner ?? run, now)} />;
  return (
    <>
      <Say of={keySentence(of, now)} />
      <p class="muted">
        {of.owner || of.waitingCount > 0
          ? `Shared handlers still answer. A new exclusive call queues as ${ordinal(of.waitingCount + 1)}.`
          : "Shared handlers never wait for the key."}
      </p>
    </>
  );
}

interface HeadingProps extends KeyProps {
  readonly data: KeyData | undefined;
  readonly version: string | undefined;
}

function Heading({ info, keyText, data, version }: HeadingProps) {
  const { route } = useLocation();
  const [asking, setAsking] = useState<"clear" | "cancel">();
  const isWorkflow = info.type === "Workflow";
  const playground = playgroundOf(info, keyText, data);
  const close = (): void => setAsking(undefined);
  useKeys("This key", [
    { keys: "c", help: "Call a handler", run: () => route(playground) },
    { keys: "e", help: "Go to the state", run: () => document.getElementById("state")?.scrollIntoView() },
  ]);
  return (
    <div class="row wrap between key-head">
      <KeyTitle service={info.name} keyText={keyText} />
      <div class="row wrap actions all">
        <a class="b" href={playground}>
          <Icon name="play" small />
          {isWorkflow ? "Call a handler" : "Call"}
        </a>
        {isWorkflow && data?.owner && (
          <button type="button" class="b danger" onClick={() => setAsking("cancel")}>
            Cancel run…
          </button>
        )}
        <button
          type="button"
          class="b danger"
          disabled={version === undefined}
          onClick={() => setAsking("clear")}
        >
          Clear state…
        </button>
      </div>
      {asking === "clear" && version !== undefined && (
        <ClearState {...{ service: info.name, keyText, version, data }} onClose={close} />
      )}
      {asking === "cancel" && data?.owner && <CancelRun of={data.owner} onClose={close} />}
    </div>
  );
}

/** While a workflow runs, only its shared handlers can be called. */
function playgroundOf({ name, type, handlers }: ServiceInfo, key: string, data: KeyData | undefined): string {
  const busy = type === "Workflow" && data?.owner !== undefined;
  const handler = busy ? handlers.find(({ kind }) => kind === "Shared") : handlers[0];
  return to.playground({ service: name, key, ...(handler && { handler: handler.name }) });
}

const KeyTitle = ({ service, keyText }: { readonly service: string; readonly keyText: string }) => (
  <h1 class="tgt grow">
    <a class="sv" href={to.service(service)} title={`Service ${visible(service)}`}>
      <bdi>{visible(service)}</bdi>
    </a>
    <span class="sl">/</span>
    <bdi class="k" title={visible(keyText)}>
      {keyText === "" ? <i>empty</i> : visible(keyText)}
    </bdi>
  </h1>
);

interface ClearProps {
  readonly service: string;
  readonly keyText: string;
  readonly version: string;
  readonly data: KeyData | undefined;
  readonly onClose: () => void;
}

function ClearState({ service, keyText, version, data, onClose }: ClearProps) {
  const { data: server } = useServer();
  return (
    <Confirm
      title={`Clear the state of ${visible(service)}/${visible(keyText)}`}
      action="Clear it"
      danger
      typed={server?.isProduction === true ? keyText : undefined}
      onClose={onClose}
      onConfirm={async () => {
        const id = await queueClear(service, keyText, version);
        toast("Clearing is queued. It changes nothing if the state is another by then.", {
          href: to.invocation(id),
          text: "See it",
        });
        refresh();
      }}
    >
      <p>
        All names of this key are taken away, and nothing here brings them back. Invocations in flight go on,
        and find no state. It queues like a call:{" "}
        <b>{data ? placeInWords(data) : "behind whatever has the key"}</b>.
      </p>
    </Confirm>
  );
}
