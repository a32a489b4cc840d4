/** Records that could not become invocations: why, where they are from, and what to do. */
import { useState } from "preact/hooks";
import { ask, askFields, path } from "../../admin/client.ts";
import { refresh, useLive } from "../../admin/live.ts";
import { decideAll, REJECTED_SHOWN, type RejectedRecord, rejectedOf } from "../../admin/subscriptions.ts";
import { Facts } from "../../parts/card.tsx";
import { Confirm, Dialog } from "../../parts/dialog.tsx";
import { Shown } from "../../parts/empty.tsx";
import { useNow } from "../../parts/now.ts";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { toast } from "../../parts/toast.tsx";
import { ValueBox } from "../../parts/value.tsx";
import { to } from "../../routes.ts";
import { bytesInWords, counted, messageOf, visible, visibleName } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";
import { reasonInWords } from "./events-words.ts";

interface CardProps {
  readonly all: readonly RejectedRecord[];
  /** All of them are of this one: it is not named in each row. */
  readonly subscription?: string;
}

export function RejectedCard({ all, subscription }: CardProps) {
  const [asking, setAsking] = useState<"retry" | "drop">();
  const [opened, setOpened] = useState<RejectedRecord>();
  const isMore = all.length >= REJECTED_SHOWN;
  return (
    <section class="card" aria-label="Records set aside">
      <header>
        <h2 class="grow">
          Records set aside <span class="n hot">{isMore ? `${REJECTED_SHOWN}+` : all.length}</span>
        </h2>
        {subscription !== undefined && (
          <>
            <button type="button" class="b sm" onClick={() => setAsking("retry")}>
              Retry all…
            </button>
            <button type="button" class="b sm danger" onClick={() => setAsking("drop")}>
              Drop all…
            </button>
          </>
        )}
      </header>
      <Table class="rej-t" head={["Why", "Record", "When", { actions: true }]}>
        {all.map((record) => (
          <Row
            key={`${record.subscription} ${record.id}`}
            of={record}
            isNamed={subscription === undefined}
            onOpen={() => setOpened(record)}
          />
        ))}
      </Table>
      {isMore && (
        <p class="pad muted">
          These are {REJECTED_SHOWN} of them. <code>perdure events rejected list</code> has them all.
        </p>
      )}
      {opened && <RecordDialog of={opened} onClose={() => setOpened(undefined)} />}
      {asking && subscription !== undefined && (
        <DecideAll subscription={subscription} verb={asking} onClose={() => setAsking(undefined)} />
      )}
    </section>
  );
}

interface RowProps {
  readonly of: RejectedRecord;
  readonly isNamed: boolean;
  readonly onOpen: () => void;
}

function Row({ of, isNamed, onOpen }: RowProps) {
  const now = useNow();
  return (
    <tr>
      <td>
        <Badge look={{ look: "failed", icon: "cross", word: reasonInWords(of.reason) }} />
      </td>
      <td class="full">
        <span class="mono">
          <bdi>{visibleName(of.coordinates)}</bdi>
        </span>
        <div class="sub">
          {isNamed && (
            <>
              <a href={to.subscription(of.subscription)}>
                <bdi>{visibleName(of.subscription)}</bdi>
              </a>
              {" · "}
            </>
          )}
          {visible(of.message)}
        </div>
      </td>
      <td class="num nowrap" title={wholeTime(of.atMs)}>
        {clockTime(of.atMs, now)}
      </td>
      <td class="r nowrap">
        <button type="button" class="b sm" onClick={onOpen}>
          Look at it…
        </button>
      </td>
    </tr>
  );
}

/** Its value is loaded when it is opened: a list has short ones only. */
function RecordDialog({ of, onClose }: { readonly of: RejectedRecord; readonly onClose: () => void }) {
  const where = path`/events/rejected/${of.subscription}/${of.id}`;
  const loaded = useLive(where, async (signal) => rejectedOf(await askFields(where, { signal })));
  const [key, setKey] = useState("");
  const [refused, setRefused] = useState<string>();
  const [busy, setBusy] = useState(false);
  const decide = async (verb: "retry" | "drop"): Promise<void> => {
    setBusy(true);
    try {
      await ask(`${where}/${verb}`, {
        method: "POST",
        ...(verb === "retry" && key !== "" && { body: { key } }),
      });
      toast(verb === "retry" ? "It becomes an invocation, once." : "It was dropped, and does not come back.");
      refresh();
      onClose();
    } catch (error) {
      setRefused(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="A record that was set aside"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="b" onClick={onClose}>
            Leave it
          </button>
          <button type="button" class="b danger" disabled={busy} onClick={() => void decide("drop")}>
            Drop it
          </button>
          <button type="button" class="b p" disabled={busy || of.isCut} onClick={() => void decide("retry")}>
            Retry it
          </button>
        </>
      }
    >
      <div class="form">
        <p>
          <b>{reasonInWords(of.reason)}</b>: {visible(of.message)}
        </p>
        <Shown of={loaded}>{(record) => <Whole of={record} />}</Shown>
        <label class="field">
          <span class="lab">Key for this try. Empty: as the subscription says</span>
          <input class="mono" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <p class="note">
          Retried, it becomes one invocation, however often. Dropped, it becomes none, and does not come back
          when the source delivers it again.
        </p>
        {refused !== undefined && (
          <p class="err" role="alert">
            {refused}
          </p>
        )}
      </div>
    </Dialog>
  );
}

const Whole = ({ of }: { readonly of: RejectedRecord }) => (
  <>
    <Facts
      of={[
        ["From", <bdi key="from">{visibleName(of.coordinates)}</bdi>],
        ["Key", of.key === undefined ? <i key="key">none</i> : <bdi key="key">{visibleName(of.key)}</bdi>],
        ["Size", of.isCut ? `${bytesInWords(of.bytes)}: too long to be kept whole` : bytesInWords(of.bytes)],
        ...Object.entries(of.headers).map(
          ([name, value]) => [visibleName(name), <bdi key={name}>{visibleName(value)}</bdi>] as const,
        ),
      ]}
    />
    <ValueBox title="Value" text={of.text === "" ? undefined : of.text} base64={of.base64} absent="Empty." />
  </>
);

interface DecideProps {
  readonly subscription: string;
  readonly verb: "retry" | "drop";
  readonly onClose: () => void;
}

function DecideAll({ subscription, verb, onClose }: DecideProps) {
  const [key, setKey] = useState("");
  const isRetry = verb === "retry";
  return (
    <Confirm
      title={isRetry ? "Retry all that were set aside" : "Drop all that were set aside"}
      action={isRetry ? "Retry them" : "Drop them"}
      danger={!isRetry}
      back="Leave them"
      onClose={onClose}
      onConfirm={async () => {
        const { done, failed } = await decideAll(subscription, verb, isRetry && key !== "" ? key : undefined);
        refresh();
        const said = `${counted(done, "record")} ${isRetry ? (done === 1 ? "becomes an invocation" : "become invocations") : done === 1 ? "was dropped" : "were dropped"}.`;
        if (failed.length > 0)
          throw new Error(
            `${said} ${counted(failed.length, "record")} could not: ${visible(failed[0] ?? "")}`,
          );
        toast(said);
      }}
    >
      <div class="form">
        <p>
          {isRetry
            ? "Each becomes one invocation, if it can by now. Those that still cannot stay. They run in no order: their places in their lanes are past."
            : "None of them becomes an invocation, and none comes back when its source delivers it again."}
        </p>
        {isRetry && (
          <label class="field">
            <span class="lab">One key for all of them. Empty: as the subscription says</span>
            <input class="mono" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
          </label>
        )}
      </div>
    </Confirm>
  );
}
