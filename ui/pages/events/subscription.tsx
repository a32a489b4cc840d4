/** One subscription: how far it is, what it says, what it may do next. */
import { useRoute } from "preact-iso";
import { useState } from "preact/hooks";
import { ask, path } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import {
  type Lane,
  type SubscriptionCourse,
  useRejected,
  useSubscription,
} from "../../admin/subscriptions.ts";
import { Card, Facts } from "../../parts/card.tsx";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Menu, type MenuItem } from "../../parts/menu.tsx";
import { Id } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { Say } from "../../parts/say.tsx";
import { Stale } from "../../parts/stale.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { messageOf, visible, visibleName } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";
import {
  agoInWords,
  countsInWords,
  isMovable,
  isSchedule,
  leftOutInWords,
  lookOfSubscription,
  rateInWords,
  subscriptionSentence,
  titleOf,
} from "./events-words.ts";
import { SinkLink } from "./events.tsx";
import { RejectedCard } from "./rejected-card.tsx";
import { SendDialog } from "./send-dialog.tsx";
import { End, Move } from "./steer.tsx";

export function SubscriptionPage() {
  const { id = "" } = useRoute().params;
  const loaded = useSubscription(id);
  return (
    <>
      <Stale of={loaded} />
      <Shown of={loaded}>{(of) => (of === "gone" ? <Gone id={id} /> : <Found of={of} />)}</Shown>
    </>
  );
}

const Gone = ({ id }: { readonly id: string }) => (
  <Empty title="There is no such subscription.">
    <p>
      <bdi class="mono">{visibleName(id)}</bdi> was never made here, or was deleted. Made again under its
      name, it goes on where it was.
    </p>
    <a class="b" href={to.events()}>
      All subscriptions
    </a>
  </Empty>
);

function Found({ of }: { readonly of: SubscriptionCourse }) {
  const rejected = useRejected(of.name);
  return (
    <>
      <Lead of={of} />
      {rejected.data !== undefined && rejected.data.length > 0 && (
        <RejectedCard all={rejected.data} subscription={of.name} />
      )}
      <div class="two">
        {isSchedule(of) ? <TicksCard of={of} /> : <LanesCard of={of} />}
        <FactsCard of={of} />
      </div>
    </>
  );
}

type Asking = "skip" | "replay" | "end" | "send";

function Lead({ of }: { readonly of: SubscriptionCourse }) {
  const now = useNow();
  const [asking, setAsking] = useState<Asking>();
  const close = (): void => setAsking(undefined);
  return (
    <section class="lead">
      <div class="row wrap between">
        <h1 class="tgt grow">
          <bdi class="sv">{visibleName(titleOf(of))}</bdi>
        </h1>
        <Actions of={of} ask={setAsking} />
      </div>
      <Say of={subscriptionSentence(of, now)} />
      <p class="row wrap">
        <Badge look={lookOfSubscription(of)} />
        <bdi class="mono cut">{visibleName(of.source)}</bdi>
        <span class="muted">starts</span>
        <SinkLink of={of} />
      </p>
      {of.lastError !== undefined && (
        <p class="warned">
          {agoInWords(now - of.lastError.atMs)}: {visible(of.lastError.message)}
          {of.failingRecord !== undefined && ` The first record was ${visibleName(of.failingRecord)}.`}
        </p>
      )}
      {(asking === "skip" || asking === "replay") && <Move of={of} verb={asking} onClose={close} />}
      {asking === "end" && <End of={of} onClose={close} />}
      {asking === "send" && <SendDialog of={of} onClose={close} />}
    </section>
  );
}

interface ActionsProps {
  readonly of: SubscriptionCourse;
  readonly ask: (what: Asking) => void;
}

function Actions({ of, ask: open }: ActionsProps) {
  const { data: server } = useServer();
  const [busy, setBusy] = useState(false);
  const paused = of.state === "paused";
  const pause = async (): Promise<void> => {
    setBusy(true);
    try {
      await ask(path`/subscriptions/${of.name}`, { method: "PATCH", body: { paused: !paused } });
      toast(paused ? "It goes on." : "It is paused. What was started goes on.");
      refresh();
    } catch (error) {
      toast(messageOf(error));
    }
    setBusy(false);
  };
  const takesEvents = server?.kind === "local" && !isMovable(of);
  const items: readonly MenuItem[] = [
    ...(isMovable(of)
      ? [
          { name: "Skip to…", icon: "ff", run: () => open("skip") } as const,
          { name: "Replay…", icon: "twice", run: () => open("replay") } as const,
        ]
      : []),
    { name: "Delete…", icon: "cross", isDanger: true, run: () => open("end") },
  ];
  return (
    <div class="row wrap actions all">
      {takesEvents && (
        <button type="button" class="b" onClick={() => open("send")}>
          <Icon name="send" small />
          Send an event…
        </button>
      )}
      {of.isReadHere && (
        <button type="button" class="b" disabled={busy} onClick={() => void pause()}>
          <Icon name={paused ? "play" : "pause"} small />
          {paused ? "Resume" : "Pause"}
        </button>
      )}
      <a class="b" href={to.invocations({ service: of.sink.service, handler: of.sink.handler })}>
        <Icon name="list" small />
        Invocations
      </a>
      <Menu label="More actions" items={items} />
    </div>
  );
}

function LanesCard({ of }: { readonly of: SubscriptionCourse }) {
  return (
    <Card title="Lanes">
      {of.lanes.length === 0 ? (
        <p class="pad muted">
          None yet. A lane of Kafka is a partition; other sources have none that is kept here, and each record
          is known by what names it.
        </p>
      ) : (
        <Table
          class="lane-t"
          head={[
            "Lane",
            { name: "Accepted to", class: "r" },
            { name: "End", class: "r" },
            { name: "Lag", class: "r" },
            "Last",
          ]}
        >
          {of.lanes.map((lane) => (
            <LaneRow key={lane.name} of={lane} />
          ))}
        </Table>
      )}
    </Card>
  );
}

function LaneRow({ of }: { readonly of: Lane }) {
  const now = useNow();
  return (
    <tr>
      <td class="mono">
        <bdi>{visibleName(of.name)}</bdi>
        {of.isFailing && <div class="sub warned">fails, and is tried again</div>}
        {of.leftOut.length > 0 && <div class="sub">left out: {leftOutInWords(of)}</div>}
      </td>
      <td class="r num">
        {of.position !== undefined && <span class="sub only-phone">to&nbsp;</span>}
        {of.position ?? ""}
      </td>
      <td class="r num only-wide">{of.end ?? ""}</td>
      <td class="r num">
        {of.lag !== undefined && <span class="sub only-phone">lag&nbsp;</span>}
        {of.lag?.toLocaleString("en-GB") ?? ""}
      </td>
      <td class="num nowrap only-wide">
        {of.atMs !== undefined && <span title={wholeTime(of.atMs)}>{clockTime(of.atMs, now)}</span>}
      </td>
    </tr>
  );
}

function TicksCard({ of }: { readonly of: SubscriptionCourse }) {
  const now = useNow();
  const { lastTick, nextTicksMs } = of;
  return (
    <Card title="Ticks">
      <div class="pad form">
        <p>
          {lastTick === undefined ? (
            <span class="muted">No tick was made here yet.</span>
          ) : (
            <>
              The last one was at{" "}
              <span class="num" title={wholeTime(lastTick.atMs)}>
                {clockTime(lastTick.atMs, now)}
              </span>
              {lastTick.invocationId !== undefined && (
                <>
                  , and became{" "}
                  <a href={to.invocation(lastTick.invocationId)}>
                    <Id id={lastTick.invocationId} />
                  </a>
                </>
              )}
              .
            </>
          )}
        </p>
        {nextTicksMs.length === 0 ? (
          <p class="muted">None is due.</p>
        ) : (
          <>
            <p class="lab">The next ones</p>
            <ol class="ticks-l">
              {nextTicksMs.map((atMs) => (
                <li key={atMs} class="num">
                  {wholeTime(atMs)}
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </Card>
  );
}

function FactsCard({ of }: { readonly of: SubscriptionCourse }) {
  const now = useNow();
  return (
    <Card title="Facts" id="of-subscription">
      <Facts
        of={[
          ["Id", <Id key="id" id={of.id} copy />],
          [
            "Since",
            <span key="since" title={wholeTime(of.createdMs)}>
              {clockTime(of.createdMs, now)}
            </span>,
          ],
          [
            "Records",
            of.counts === undefined ? countsInWords(of) : `${countsInWords(of)}, since the server started`,
          ],
          ...(of.counts === undefined ? [] : [["Rate", rateInWords(of.counts.lastMinute)] as const]),
          ...(of.generation === 0 ? [] : [["Generation", String(of.generation)] as const]),
          ...Object.entries(of.options).map(
            ([name, value]) =>
              [
                name.replace(/^perdure\./u, ""),
                <bdi key={name} class="mono" title={visibleName(name)}>
                  {visibleName(value)}
                </bdi>,
              ] as const,
          ),
        ]}
      />
    </Card>
  );
}
