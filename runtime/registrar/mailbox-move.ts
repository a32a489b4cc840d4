/**
 * Moves services between the runtime's mailbox and mailboxes of their own (docs/decisions/0023). A service never has messages that
 * are handled in both: its order and its single writers rest on the order of one queue.
 *
 * - To its own: the service is held. When every dispatcher knows that, none handles its messages in the runtime's mailbox any more,
 *   but for those that it has in its hands, and nothing comes behind these. Then they are sent on.
 * - Back: the service is held, so nothing is sent on. When its mailbox has been empty for a minute, what is held is handled in the
 *   runtime's. If it does not get empty, all is as it was, and the deployment fails: CloudFormation deletes nothing then.
 * - From one to another: back, then there.
 *
 * No clocks are compared but where a hold ends by itself, which has minutes to spare.
 *
 * Crash points. Held: the hold ends by itself, and messages are sent on: to the new mailbox, which is right since all know of it, or to
 * the old one, as before. CloudFormation tries again or rolls back, which is another move. Not held any more, and not answered: the
 * repeat finds what it wants.
 */
import {
  CLOCK_SKEW_MS,
  MOVE_DRAIN_MS_MAX,
  MOVE_EMPTY_MS,
  MOVE_HELD_MS,
  MOVE_KNOWN_MS,
  MOVE_LOOK_MS,
} from "../../lib/limits.ts";
import { type Clock, elapse } from "../../lib/ports.ts";
import type { OwnMailbox, OwnMailboxes } from "../../lib/store/own-mailboxes.ts";

export interface MovePorts {
  readonly mailboxes: Pick<OwnMailboxes, "all" | "put" | "replace">;
  /** The runtime's stack says that there may be such mailboxes, so its dispatchers look for them. */
  readonly areExpected: boolean;
  /** Messages in a queue, those that are handled included. It may lag by a minute. */
  readonly depth: (url: string) => Promise<number>;
  readonly clock: Clock;
}

/** What a stack says of its services' mailbox. */
export interface MailboxWish {
  readonly services: readonly string[];
  /** Absent: the runtime's. */
  readonly url?: string;
  /** The mailbox that the stack gave them before. */
  readonly urlBefore?: string;
}

/** Throws `Error` with the reason. Harmless to repeat. */
export async function moveMailbox(
  ports: MovePorts,
  { services, url, urlBefore }: MailboxWish,
): Promise<void> {
  if (url !== undefined && !ports.areExpected)
    throw new Error("the runtime expects no mailboxes of services' own: set its `ownMailboxes`");
  const all = await ports.mailboxes.all();
  const isWanted = ({ service, url: its }: OwnMailbox): boolean => services.includes(service) && its === url;
  const leaving = all.filter(
    (own) => !isWanted(own) && (services.includes(own.service) || own.url === urlBefore),
  );
  if (leaving.length > 0) await leave(ports, leaving);
  if (url === undefined) return;
  const settled = all.filter((own) => isWanted(own) && own.heldUntilMs === 0).map(({ service }) => service);
  const coming = services.filter((service) => !settled.includes(service));
  if (coming.length > 0) await enter(ports, coming, url);
}

/** Services that end with their stack's function leave the mailbox that ends with them. */
export async function leaveMailbox(
  ports: MovePorts,
  url: string,
  ends: (service: string) => boolean,
): Promise<void> {
  const all = await ports.mailboxes.all();
  const leaving = all.filter((own) => own.url === url && ends(own.service));
  if (leaving.length > 0) await leave(ports, leaving);
}

async function enter(ports: MovePorts, services: readonly string[], url: string): Promise<void> {
  const held = await hold(
    ports,
    services.map((service) => ({ service, url })),
  );
  for (const own of held) await release(ports, own, { ...own, heldUntilMs: 0 });
}

async function leave(ports: MovePorts, leaving: readonly OwnMailbox[]): Promise<void> {
  const { clock } = ports;
  const startMs = clock.now();
  const held = await hold(ports, leaving);
  const urls = [...new Set(leaving.map(({ url }) => url))];
  let emptyAtMs: number | undefined;
  for (;;) {
    const depth = await depthOf(ports, urls);
    if (depth > 0) emptyAtMs = undefined;
    else emptyAtMs ??= clock.now();
    if (emptyAtMs !== undefined && clock.now() - emptyAtMs >= MOVE_EMPTY_MS) break;
    if (clock.now() - startMs > MOVE_DRAIN_MS_MAX) {
      for (const own of held) await ports.mailboxes.replace(own, { ...own, heldUntilMs: 0 });
      const names = leaving.map(({ service }) => service).join(", ");
      throw new Error(
        `the mailbox of ${names} still has ${depth} messages: deploy again when they are handled, or have been taken out`,
      );
    }
    await elapse(clock, MOVE_LOOK_MS);
  }
  for (const own of held) await release(ports, own, undefined);
}

const depthOf = async ({ depth }: MovePorts, urls: readonly string[]): Promise<number> =>
  (await Promise.all(urls.map(depth))).reduce((sum, each) => sum + each, 0);

/** Every dispatcher knows of it when this resolves. */
async function hold(
  { mailboxes, clock }: MovePorts,
  services: readonly Pick<OwnMailbox, "service" | "url">[],
): Promise<readonly OwnMailbox[]> {
  const heldUntilMs = clock.now() + MOVE_HELD_MS;
  const held = services.map(({ service, url }) => ({ service, url, heldUntilMs }));
  for (const own of held) await mailboxes.put(own);
  await elapse(clock, MOVE_KNOWN_MS);
  return held;
}

/** Only while it is held, by every clock, and by this move. */
async function release(
  { mailboxes, clock }: MovePorts,
  own: OwnMailbox,
  by: OwnMailbox | undefined,
): Promise<void> {
  const isHeld = clock.now() < own.heldUntilMs - CLOCK_SKEW_MS;
  if (isHeld && (await mailboxes.replace(own, by))) return;
  throw new Error(`${own.service} is being moved by another deployment, or for too long: deploy again`);
}
