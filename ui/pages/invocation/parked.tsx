/** Why a parked invocation waits: who is before it, who has the key, and what must happen, down to the end of the chain. */
import type { ComponentChildren } from "preact";
import { askFields, path, Refusal } from "../../admin/client.ts";
import { type Invocation, invocationOf } from "../../admin/invocation.ts";
import { EVERY_MS, useLive } from "../../admin/live.ts";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { targetText } from "../../parts/names.tsx";
import { useNow } from "../../parts/now.ts";
import { InvocationStatus } from "../../parts/status.tsx";
import { to } from "../../routes.ts";
import { shortId, visible } from "../../words/text.ts";
import { clockTime } from "../../words/time.ts";
import { type KeyLock, lockOf, ordinal, placeIn } from "./model/lock.ts";
import { journalOf } from "./model/journal.ts";
import { type Story, storyOf } from "./model/story.ts";
import { chainStep, followChain, type Link, nextIn } from "./model/chain.ts";
import { leavesOf, waitInWords } from "../../words/wait.ts";
import type { Ask } from "./ask-dialogs.tsx";
import { Say } from "./say.tsx";

/** `nextId`: whom it waits for. */
const useChain = (ownId: string, nextId: string | undefined) =>
  useLive(
    `chain ${ownId} ${nextId ?? ""}`,
    (signal) => followChain(ownId, nextId, (id) => linkOf(id, signal)),
    EVERY_MS.counts,
  );

async function linkOf(id: string, signal: AbortSignal): Promise<Link | undefined> {
  try {
    const fields = await askFields(path`/invocations/${id}`, { signal });
    const invocation = invocationOf(fields);
    const { service, key } = invocation.target;
    const lock =
      invocation.status === "pending" && key !== undefined
        ? lockOf(await askFields(path`/services/${service}/locks/${key}`, { signal }))
        : undefined;
    // An older server has no tree of what is waited for; its journal has what is open.
    const isKnown = invocation.status !== "suspended" || fields.object("waiting_for") !== undefined;
    const journal = isKnown
      ? undefined
      : journalOf(await askFields(path`/invocations/${id}/journal`, { signal }));
    return chainStep(invocation, storyOf(fields, journal).waiting, lock?.ownerId);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

interface ParkedProps {
  readonly story: Story;
  readonly lock: KeyLock | undefined;
  readonly onAsk: (ask: Ask) => void;
}

/** Of what is parked behind a key, or awaits another invocation alone; of anything else the sentence says it all. */
export function Parked({ story, lock, onAsk }: ParkedProps) {
  const { invocation, waiting } = story;
  const isPending = invocation.status === "pending";
  const nextId = isPending ? lock?.ownerId : invocation.status === "suspended" ? nextIn(waiting) : undefined;
  return isPending || nextId !== undefined ? (
    <WhyItWaits story={story} lock={lock} nextId={nextId} onAsk={onAsk} />
  ) : null;
}

function WhyItWaits({ story, lock, nextId, onAsk }: ParkedProps & { readonly nextId: string | undefined }) {
  const now = useNow();
  const { invocation } = story;
  const isPending = invocation.status === "pending";
  const chain = useChain(invocation.id, nextId).data;
  const links = chain?.links ?? [];
  // One that just runs needs no explanation.
  if (!isPending && links.every(({ invocation: { status } }) => status === "running" || status === "ready"))
    return null;
  return (
    <section class={`card alert ${isPending ? "a-queue" : "a-rest"}`} aria-label="Why it waits">
      <header>
        <h2 class="grow">Why it waits</h2>
      </header>
      <ol class="chain pad">
        {isPending ? (
          <Line invocation={invocation} lock={lock} />
        ) : (
          <Step icon="moon" badge={<InvocationStatus of={invocation} />}>
            <b>This one</b> awaits a result
          </Step>
        )}
        {isPending && nextId === undefined && (
          <Step icon="lock">
            Nobody is known to own the key: its owner runs without a rest so far, or has just ended.
          </Step>
        )}
        {links.map((link, index) => (
          <ChainLink
            key={link.invocation.id}
            link={link}
            before={index === 0 ? invocation : links[index - 1]?.invocation}
            takenMs={isPending && index === 0 ? lock?.takenMs : undefined}
            isLast={index === links.length - 1 && chain?.isRing !== true}
            nowMs={now}
            onAsk={onAsk}
          />
        ))}
        {chain?.isRing === true && <Ring />}
      </ol>
    </section>
  );
}

const Ring = () => (
  <Step icon="warn">
    <b>A ring: each waits for the next one, and the last for the first.</b>
    <div class="sub">
      None of them can go on by itself. Cancel one of them: its code may undo what it did.
    </div>
  </Step>
);

interface LineProps {
  readonly invocation: Invocation;
  readonly lock: KeyLock | undefined;
}

/** This one, and those that are before it. */
function Line({ invocation, lock }: LineProps) {
  const place = lock && placeIn(lock, invocation.id);
  const key = `${invocation.target.service}/${visible(invocation.target.key ?? "")}`;
  const before = lock === undefined || place === undefined ? [] : lock.waiting.slice(0, place - 1);
  const [first] = before;
  return (
    <>
      <Step icon="queue" badge={<InvocationStatus of={invocation} />}>
        <b>This one</b>
        {place !== undefined && `, ${ordinal(place)} in line`}
        <div class="sub">
          {lock === undefined
            ? `waits on ${key}`
            : `${lock.waitingCount} ${lock.waitingCount === 1 ? "waits" : "wait"} on ${key}`}
        </div>
      </Step>
      {first !== undefined && (
        <Step icon="queue" number={before.length}>
          <a href={to.invocation(first)}>{shortId(first)}</a>
          {before.length > 1 ? ` and ${before.length - 1} more before it` : " is before it"}
        </Step>
      )}
    </>
  );
}

interface StepProps {
  readonly icon: IconName;
  readonly number?: number;
  readonly isOwner?: boolean;
  readonly badge?: ComponentChildren;
  readonly children: ComponentChildren;
}
const Step = ({ icon, number, isOwner = false, badge, children }: StepProps) => (
  <li class={isOwner ? "own" : undefined}>
    <span class="pos">{number ?? <Icon name={icon} small />}</span>
    <div>{children}</div>
    {badge}
  </li>
);

interface ChainLinkProps {
  readonly link: Link;
  /** Who waits for it. */
  readonly before: Invocation | undefined;
  readonly takenMs: number | undefined;
  readonly isLast: boolean;
  readonly nowMs: number;
  readonly onAsk: (ask: Ask) => void;
}

function ChainLink({ link, before, takenMs, isLast, nowMs, onAsk }: ChainLinkProps) {
  const isOwner = before?.status === "pending";
  const { invocation, wait } = link;
  return (
    <>
      <Step icon={isOwner ? "lock" : "call"} isOwner={isOwner} badge={<InvocationStatus of={invocation} />}>
        <a href={to.invocation(invocation.id)}>{targetText(invocation.target)}</a>
        {isOwner ? " owns the key" : " is awaited"}
        <div class="sub">since {clockTime(takenMs ?? invocation.modifiedMs, nowMs)}</div>
      </Step>
      {isLast && <Must invocation={invocation} wait={wait} nowMs={nowMs} onAsk={onAsk} />}
    </>
  );
}

interface MustProps {
  readonly invocation: Invocation;
  readonly wait: Link["wait"];
  readonly nowMs: number;
  readonly onAsk: (ask: Ask) => void;
}

/** The end of the chain: what must happen so that everybody goes on. */
function Must({ invocation, wait, nowMs, onAsk }: MustProps) {
  const { status, lastFailure, nextRetryMs } = invocation;
  if (status === "paused")
    return (
      <Step icon="pause">
        <b>It is paused, and needs you.</b>
        <div class="sub">{visible(lastFailure ?? "A person has paused it.")}</div>
      </Step>
    );
  if (status === "backing-off")
    return (
      <Step icon="retry">
        It fails, and is tried again{nextRetryMs === undefined ? "" : ` at ${clockTime(nextRetryMs, nowMs)}`}.
        <div class="sub">{visible(lastFailure ?? "")}</div>
      </Step>
    );
  if (wait === undefined) return null;
  const awakeableId = leavesOf(wait).find((leaf) => leaf.awakeableId !== undefined)?.awakeableId;
  const resolve = awakeableId !== undefined && (
    <button type="button" class="b sm" onClick={() => onAsk({ answers: { awakeableId }, verb: "resolve" })}>
      Resolve…
    </button>
  );
  return (
    <Step icon="bell" badge={resolve}>
      waits for <Say pieces={waitInWords(wait, nowMs)} />
      {awakeableId !== undefined && (
        <div class="sub">
          <span class="mono">{shortId(awakeableId)}</span> · nobody has resolved it
        </div>
      )}
    </Step>
  );
}
