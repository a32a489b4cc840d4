/** Who has the key, what that one waits for down to what must happen, and who waits behind it, in their order. */
import { useState } from "preact/hooks";
import type { Invocation } from "../../admin/invocation.ts";
import { ResolveButton } from "../../parts/resolve.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Id, targetText } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { Badge } from "../../parts/status.tsx";
import { to } from "../../routes.ts";
import { counted, shortId, visible } from "../../words/text.ts";
import { ticking } from "../../words/time.ts";
import { awakeableIn } from "../../words/wait.ts";
import { CancelOwner } from "./cancel.tsx";
import type { Chain } from "./chain.ts";
import type { KeyData } from "./key-data.ts";
import { chainEnd, doing } from "./sentences.ts";

export function QueueCard({ data }: { readonly data: KeyData }) {
  const { owner, waiting, waitingCount, chain } = data;
  const now = useNow();
  return (
    <section class="card" aria-label="Owner and queue">
      <header>
        <Icon name="lock" />
        <h2 class="grow">Owner and queue</h2>
        <span class="n" title="The owner, and those behind it">
          {owner ? 1 : 0} + {waitingCount}
        </span>
      </header>
      {!owner && waitingCount === 0 ? (
        <p class="pad muted">Nobody has the key, and nobody waits for it.</p>
      ) : (
        <ol class="chain pad">
          {owner && <OwnerRow owner={owner} sinceMs={data.takenMs ?? owner.createdMs} nowMs={now} />}
          {waiting.map((each, index) => (
            <WaitingRow key={each.id} of={each} callers={data.callers} place={index + 1} nowMs={now} />
          ))}
        </ol>
      )}
      {waitingCount > waiting.length && (
        <p class="pad sub">
          {counted(waitingCount - waiting.length, "more")} in the queue; the first {waiting.length} are shown.
        </p>
      )}
      {chain && chain.links.length > 1 && <BlockedBy chain={chain} nowMs={now} />}
    </section>
  );
}

interface OwnerProps {
  readonly owner: Invocation;
  readonly sinceMs: number;
  readonly nowMs: number;
}

function OwnerRow({ owner, sinceMs, nowMs }: OwnerProps) {
  const awakeable = awakeableIn(owner.waiting);
  return (
    <li class="own">
      <span class="pos" title="The owner">
        <Icon name="lock" small />
      </span>
      <div>
        <div class="row wrap">
          <HandlerLink of={owner} />
          <Badge look={owner.look} />
        </div>
        <div class="sub row wrap">
          {awakeable === undefined ? (
            <span>{doing(owner, nowMs)}</span>
          ) : (
            <>
              <span title={awakeable}>
                waits for awakeable <span class="mono">{shortId(awakeable)}</span>
              </span>
              <ResolveButton id={awakeable} />
            </>
          )}
        </div>
      </div>
      <span class="sub num nowrap">{ticking(nowMs - sinceMs)}</span>
    </li>
  );
}

interface CallerProps {
  readonly of: Invocation;
  readonly callers: KeyData["callers"];
}

const STATE_EDIT = "~state";

function Caller({
  of: {
    invokedById,
    target: { handler },
  },
  callers,
}: CallerProps) {
  if (handler === STATE_EDIT) return <>a change of the state, by hand</>;
  if (invokedById === undefined) return <>from outside</>;
  const caller = callers.get(invokedById);
  return (
    <>
      from{" "}
      <a href={to.invocation(invokedById)} class={caller === undefined ? "mono" : undefined}>
        <bdi>{caller === undefined ? shortId(invokedById) : visible(caller)}</bdi>
      </a>
    </>
  );
}

interface WaitingProps extends CallerProps {
  readonly place: number;
  readonly nowMs: number;
}

function WaitingRow({ of, callers, place, nowMs }: WaitingProps) {
  return (
    <li>
      <span class="pos" title={`Place ${place}`}>
        {place}
      </span>
      <div>
        <div class="row wrap">
          <HandlerLink of={of} />
        </div>
        <div class="sub cut">
          <Caller of={of} callers={callers} />
        </div>
      </div>
      <span class="sub num nowrap">{ticking(nowMs - of.createdMs)}</span>
    </li>
  );
}

const HandlerLink = ({ of }: { readonly of: Invocation }) => (
  <>
    <a class="strong" href={to.invocation(of.id)} title={targetText(of.target)}>
      <bdi>{visible(of.target.handler)}</bdi>
    </a>
    <Id id={of.id} />
  </>
);

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The chain of what the owner waits for. A ring is said to be one. */
function BlockedBy({ chain, nowMs }: { readonly chain: Chain; readonly nowMs: number }) {
  const { links, backTo } = chain;
  const end = chainEnd(chain, nowMs);
  const isRing = backTo !== undefined;
  return (
    <div class={isRing ? "alert a-stop ring" : "blocked"}>
      <h3>{isRing ? "A ring: each waits for the next one" : "What the owner waits for"}</h3>
      <ol class="chain">
        {links.map(({ invocation, how }, index) => (
          <li key={invocation.id} class={how === "called" ? undefined : "own"}>
            <span class="pos">{LETTERS[index]}</span>
            <div>
              <a class="mono" href={to.invocation(invocation.id)}>
                <bdi>{targetText(invocation.target)}</bdi>
              </a>
              <div class="sub">{linkInWords(invocation, how, links[index - 1]?.invocation)}</div>
            </div>
            <Badge look={invocation.look} />
          </li>
        ))}
        {isRing && (
          <li>
            <span class="pos" aria-hidden="true">
              ↺
            </span>
            <div class="muted">
              Back to {LETTERS[backTo]}. None of them can go on: cancel one of those that have a key.
            </div>
            <span />
          </li>
        )}
      </ol>
      {end !== undefined && <p class="sub">{end}</p>}
      {isRing && <WaysOut chain={chain} />}
    </div>
  );
}

/** Each that has a key can be cancelled. */
function WaysOut({ chain: { links, backTo = 0 } }: { readonly chain: Chain }) {
  const [cancelling, setCancelling] = useState<Invocation>();
  return (
    <div class="row wrap">
      {links.map(({ invocation, how }, index) =>
        how === "called" || index < backTo ? null : (
          <button
            key={invocation.id}
            type="button"
            class="b sm"
            title={targetText(invocation.target)}
            onClick={() => setCancelling(invocation)}
          >
            Cancel {LETTERS[index]}…
          </button>
        ),
      )}
      {cancelling && <CancelOwner of={cancelling} onClose={() => setCancelling(undefined)} />}
    </div>
  );
}

function linkInWords({ target, status }: Invocation, how: string, above: Invocation | undefined): string {
  const key = target.key === undefined ? "no key" : `key ${visible(target.key)}`;
  if (how === "owner") return `has ${key}`;
  if (how === "has the key")
    return `has ${key}, for which ${above ? visible(above.target.handler) : "the one above"} waits`;
  return status === "pending" ? `called by the one above; waits for ${key}` : "called by the one above";
}
