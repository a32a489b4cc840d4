/** One invocation: what it does, why it waits, what went wrong, and what to do. The answer comes first, as a sentence. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { isNotFound } from "../../admin/client.ts";
import { useServer } from "../../admin/server.ts";
import { useServices } from "../../admin/services.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { to } from "../../routes.ts";
import { Actions } from "./actions.tsx";
import { type Ask, AskDialog } from "./ask-dialogs.tsx";
import { JOURNAL_PAGE, useLock, useStory, useTarget } from "./data.ts";
import { Development } from "./development.tsx";
import { Lead } from "./lead.tsx";
import { policyOf } from "./model/policy.ts";
import type { Story } from "./model/story.ts";
import { Parked } from "./parked.tsx";
import { Problem } from "./problem.tsx";
import { Side } from "./side.tsx";
import { Tabs } from "./tabs.tsx";
import { Timeline } from "./timeline/timeline.tsx";

export const InvocationPage = ({ id = "" }: { readonly id?: string }) => <Page key={id} id={id} />;

function Page({ id }: { readonly id: string }) {
  const server = useServer().data;
  const [wanted, setWanted] = useState(JOURNAL_PAGE);
  const loaded = useStory(id, wanted);
  const { error, data } = loaded;
  if (data === undefined && isNotFound(error)) return <Unknown id={id} />;
  return (
    <Shown of={loaded}>
      {(story) => (
        <View
          story={story}
          isLocal={server?.kind === "local"}
          isProduction={server?.isProduction === true}
          onMore={() => setWanted(wanted + JOURNAL_PAGE)}
        />
      )}
    </Shown>
  );
}

const Unknown = ({ id }: { readonly id: string }) => (
  <Empty title="There is no such invocation">
    <p>
      <span class="mono break">{id}</span> is not known here. It may be of another environment, or it has
      ended and its retention has passed.
    </p>
    <p>
      <a href={to.invocations()}>Look at those that there are.</a>
    </p>
  </Empty>
);

interface ViewProps {
  readonly story: Story;
  readonly isLocal: boolean;
  readonly isProduction: boolean;
  readonly onMore: () => void;
}

function View({ story, isLocal, isProduction, onMore }: ViewProps) {
  const { route } = useLocation();
  const [asks, setAsks] = useState<Ask>();
  const { target, status, invokedById } = story.invocation;
  const service = useServices().data?.find(({ name }) => name === target.service);
  const lock = useLock(target.service, status === "completed" ? undefined : target.key);
  const caller = useTarget(invokedById);
  useKeys("Of this invocation", [
    {
      ...{ keys: "e", help: "Go to the error" },
      run: () => {
        const error = document.getElementById("error");
        error?.focus();
        error?.scrollIntoView({ block: "center" });
      },
    },
    ...(invokedById === undefined
      ? []
      : [{ keys: "u", help: "Caller", run: () => route(to.invocation(invokedById)) }]),
  ]);
  return (
    <>
      <Lead story={story} lock={lock} policy={service && policyOf(service, target.handler)} caller={caller}>
        <Actions story={story} lock={lock} isProduction={isProduction} />
      </Lead>
      <Problem story={story} />
      <Parked story={story} lock={lock} onAsk={setAsks} />
      <div class="main-side">
        <div class="main-col">
          {isLocal && <Development story={story} />}
          <Timeline story={story} onAsk={setAsks} onMore={onMore} />
          <Tabs story={story} onMore={onMore} />
        </div>
        <Side story={story} service={service} caller={caller} />
      </div>
      {asks && (
        <AskDialog asks={asks} story={story} isProduction={isProduction} onClose={() => setAsks(undefined)} />
      )}
    </>
  );
}
