/** Event sources of a run: their subscriptions, which come and go, what they deliver, and who decides about what was set aside. */
import { Admin } from "../../runtime/admin/admin.ts";
import { parseJsonObject } from "../../runtime/http/message.ts";
import {
  forgetSubscription,
  keepCourse,
  storeSubscription,
} from "../../runtime/events/subscription-store.ts";
import { leaveOut } from "../../runtime/events/marks.ts";
import { parseSubscription, type Subscription } from "../../runtime/events/subscription.ts";
import { OperationalError } from "../../lib/errors.ts";
import { FAULTS_MS } from "./faults.ts";
import { targetOf } from "./interpreter.ts";
import { request } from "./operators.ts";
import type { Outside } from "./outside.ts";
import type { Platform, World } from "./platform.ts";
import type { Ports } from "./side.ts";
import { SourceDoors } from "./source-doors.ts";
import { coordinatesOf, markOf, numberOf, requestOf, type SimRecord } from "./source-events.ts";
import { type Fed, LogFeed, PushFeed, QueueFeed } from "./source-feeds.ts";
import {
  type Decision,
  formOf,
  isFifo,
  type Skip,
  type SourcePlan,
  type SubscriptionPlan,
} from "./source-plan.ts";
import type { Subscribed } from "./source-watch.ts";

/** How long a source goes on that does not know yet that its subscription is gone or paused; and how often it looks. */
const LOOK_MS = 1500;

export class Sources {
  readonly #world: World;
  readonly #outside: Outside;
  readonly #doors: SourceDoors;

  constructor(world: World, platform: Platform, outside: Outside) {
    this.#world = world;
    this.#outside = outside;
    this.#doors = new SourceDoors(world, platform);
  }

  begin(plans: readonly SourcePlan[]): void {
    for (const source of plans) {
      const records = this.#recordsOf(source);
      for (const plan of source.subscriptions) this.#subscribe(source, plan, records);
    }
  }

  #recordsOf(source: SourcePlan): readonly SimRecord[] {
    const { nowMs } = this.#world.scheduler;
    let place = 0;
    const times = new Set<number>();
    return source.lanes.flatMap((planned, lane) =>
      planned.map((record, position): SimRecord => {
        // A FIFO queue numbers all of its messages. A tick's time is its name.
        const isOneCount = isFifo(source.kind) || source.kind === "dynamodb";
        const number = numberOf(source.kind, isOneCount ? place : position);
        place++;
        let sentAtMs = Math.floor(nowMs + record.atMs);
        while (times.has(sentAtMs)) sentAtMs++;
        times.add(sentAtMs);
        const key = isFifo(source.kind) ? `e-${lane}` : record.key;
        const known = { ...record, key, source, lane, number, sentAtMs };
        return { ...known, coordinates: coordinatesOf(known) };
      }),
    );
  }

  #subscribe(source: SourcePlan, plan: SubscriptionPlan, records: readonly SimRecord[]): void {
    const { scheduler, observer } = this.#world;
    const target = targetOf({ pid: "", callee: plan.callee, body: [] });
    const asked = { ...requestOf(source, plan), sink: `service://${target.service}/${target.handler}` };
    const subscription = parseSubscription(asked, Math.floor(scheduler.nowMs));
    if ("reason" in subscription) throw new TypeError(`${subscription.field}: ${subscription.reason}`);
    const of: Subscribed = { plan, id: subscription.id, records };
    observer.sources.subscribe(of);
    const isGoing = this.#lives(subscription, plan);
    const ready = async (): Promise<void> => {
      while (!isGoing()) await this.#outside.pause(LOOK_MS);
    };
    const fed: Fed = { world: this.#world, doors: this.#doors, of, kind: source.kind, ready };
    const form = formOf(source.kind);
    const feed =
      form === "log" ? new LogFeed(fed) : form === "queue" ? new QueueFeed(fed) : new PushFeed(fed);
    observer.sources.open.add(plan.name);
    void feed.run().then(() => observer.sources.open.delete(plan.name));
    if (plan.againAtMs !== undefined)
      scheduler.after(plan.againAtMs, () => {
        observer.count("everything again");
        void feed.again();
      });
    if (feed instanceof LogFeed) for (const skip of plan.skips ?? []) this.#skip(subscription, feed, skip);
    for (const decision of plan.decisions)
      scheduler.after(decision.atMs, () => this.#decide(plan.name, decision));
  }

  /** An operator moves the group. */
  #skip(subscription: Subscription, feed: LogFeed, skip: Skip): void {
    this.#world.scheduler.after(skip.atMs, () =>
      this.#outside.as("operator", async (ports, actor) => {
        this.#world.trace.add(actor.name, "skips", `${subscription.name} ${skip.lane} by ${skip.by}`);
        await feed.skip(skip, async (record, next) => {
          await this.#outside.insist(
            async () => await leaveOut(ports.items, subscription, markOf(record) ?? "", next),
          );
        });
      }),
    );
  }

  /** Makes it, deletes it and makes it anew, pauses it and resumes it. Answers whether its source delivers: it learns of all that later. */
  #lives(subscription: Subscription, { madeAtMs, remade, paused }: SubscriptionPlan): () => boolean {
    const { scheduler, observer } = this.#world;
    let [isThere, isPaused] = [false, false];
    const act = (
      atMs: number,
      what: string,
      run: (ports: Ports) => Promise<unknown>,
      then: () => void,
    ): void => {
      scheduler.after(atMs, () =>
        this.#outside.as("operator", async (ports, actor) => {
          this.#world.trace.add(actor.name, what, subscription.name);
          await this.#outside.insist(async () => await run(ports));
          observer.count(`subscription ${what}`);
          scheduler.after(what === "made" ? 0 : LOOK_MS, then);
        }),
      );
    };
    const make = (atMs: number): void =>
      act(
        atMs,
        "made",
        async ({ items, clock }) =>
          await storeSubscription(items, { ...subscription, createdAtMs: clock.now() }),
        () => (isThere = true),
      );
    make(madeAtMs);
    if (remade) {
      act(
        madeAtMs + remade.atMs,
        "deleted",
        async ({ items }) => await forgetSubscription(items, subscription.id),
        () => (isThere = false),
      );
      make(madeAtMs + remade.atMs + 2 * LOOK_MS + remade.forMs);
      // Once more when the faults have stopped: a deletion that came late has taken away what was made anew.
      make(FAULTS_MS + LOOK_MS);
    }
    if (paused) {
      const set =
        (is: boolean) =>
        async ({ items }: Ports) =>
          await keepCourse(items, subscription, { isPaused: is });
      act(madeAtMs + paused.atMs, "paused", set(true), () => (isPaused = true));
      // Once more at the end: the answer to the pause may have come after that to the resume.
      for (const atMs of [madeAtMs + paused.atMs + 2 * LOOK_MS + paused.forMs, FAULTS_MS])
        act(atMs, "resumed", set(false), () => (isPaused = false));
    }
    return () => isThere && !isPaused;
  }

  /** About all that is set aside now, each by several operators who do not know of each other. */
  #decide(subscription: string, { does, keys }: Decision): void {
    const { observer, trace } = this.#world;
    for (const key of keys)
      this.#outside.as("operator", async (ports, actor) => {
        const listed = await this.#ask(ports, "GET", "/events/rejected", { query: { subscription } });
        for (const each of (parseJsonObject(listed.body)?.["rejected"] ?? []) as Rejected[]) {
          // Nobody could tell whether it has run: to try it again may run it twice.
          if (each.status !== "waiting" || each.reason === "in-doubt") continue;
          const path = `/events/rejected/${subscription}/${each.id}/${does}`;
          const answered =
            does === "retry" ? observer.sources.retries(subscription, each.coordinates) : () => undefined;
          const { status, body } = await this.#ask(ports, "POST", path, {
            ...(does === "retry" ? { body: JSON.stringify({ key }) } : {}),
          });
          trace.add(
            actor.name,
            does,
            `${each.coordinates} ${status} ${new TextDecoder().decode(body).slice(0, 80)}`,
          );
          observer.count(`${does} answered ${status}`);
          answered(status);
        }
      });
  }

  async #ask(ports: Ports, method: string, path: string, more: Parameters<typeof request>[2]) {
    const admin = new Admin(ports, { version: "0", ingressEndpoint: "http://sim" });
    return await this.#outside.insist(async () => {
      const answer = await admin.handle(request(method, path, more));
      if (answer.status >= 500) throw new OperationalError("unavailable", String(answer.status));
      return answer;
    });
  }
}

interface Rejected {
  readonly id: string;
  readonly coordinates: string;
  readonly reason: string;
  readonly status: string;
}
