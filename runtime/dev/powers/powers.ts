/**
 * Powers over invocations that only a development server has: crash, deliver again, jump the clock, fail the next step.
 *
 * Job: routes `/dev/…` requests of the local admin port, holds the orders, and answers turns that have reached one. The admin API
 * of a stack in AWS knows none of these paths.
 */
import { asError } from "../../../lib/errors.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { shownId, withShownIds } from "../../../lib/model/shown-id.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";
import type { OrderedFailure } from "../../../lib/step-gate.ts";
import { AdminError, adminErrorResponse, badShape } from "../../admin/error.ts";
import { parseId } from "../../admin/invocation.ts";
import { viewTime } from "../../admin/value-view.ts";
import { type HttpRequest, type HttpResponse, jsonResponse, parseJsonObject } from "../../http/message.ts";
import { match, route, type Route, segmentsOf } from "../../http/router.ts";
import type { OrderedRequest, ReachedPoint } from "../hosts/turn-orders.ts";
import { Armed, type Order } from "./armed.ts";
import { jumpClock } from "./clock.ts";
import { crash, crashNow } from "./crash.ts";
import { failNextStep } from "./fail-next-step.ts";
import { LastMessages } from "./last-messages.ts";
import { noted, type PowerAnswer, type PowerExchange, type PowerPorts } from "./ports.ts";
import { type PowerEvent, PowerLog } from "./power-log.ts";
import { redeliver } from "./redeliver.ts";
import { sourceOf } from "./source.ts";
import { PowerRefusal, targetIn } from "./target.ts";
import { count, quoted } from "./words.ts";

const PATH = "/dev/";

type Asked = PowerExchange & { readonly request: HttpRequest };
type Power = (exchange: PowerExchange, body: Record<string, unknown>) => Promise<PowerAnswer>;

const ROUTES: readonly Route<Asked, Promise<HttpResponse>>[] = [
  route("POST", "/dev/crash", (x) => use(x, crash)),
  route("POST", "/dev/fail-next-step", (x) => use(x, failNextStep)),
  route("POST", "/dev/redeliver", (x) => use(x, redeliver)),
  route("POST", "/dev/clock", (x) => use(x, jumpClock)),
  route("GET", "/dev/clock", showClock),
  route("GET", "/dev/armed", listArmed),
  route("DELETE", "/dev/armed", withdraw),
  route("GET", "/dev/events", listEvents),
  route("GET", "/dev/source", showSource),
];

export class Powers {
  readonly #exchange: PowerExchange;
  readonly lastMessages = new LastMessages();

  constructor(ports: PowerPorts) {
    this.#exchange = { ports, armed: new Armed(), log: new PowerLog(), lastMessages: this.lastMessages };
  }

  /** `undefined`: the request is not for these. Never rejects. */
  async answer(request: HttpRequest): Promise<HttpResponse | undefined> {
    if (!request.path.startsWith(PATH)) return undefined;
    try {
      const found = match(ROUTES, request.method, segmentsOf(request.path) ?? []);
      if (found.run) return await found.run({ ...this.#exchange, request });
      if (found.allow.length === 0) throw new AdminError(404, "not found");
      throw new AdminError(405, "method not allowed", { allow: found.allow.join(", ") });
    } catch (error) {
      if (error instanceof PowerRefusal) return refusal(error);
      return adminErrorResponse(
        error instanceof AdminError ? error : new AdminError(500, asError(error).message),
      );
    }
  }

  /** The request of a turn, with what is ordered for it. */
  ordered(request: TurnRequest): OrderedRequest {
    const { armed, ports } = this.#exchange;
    const clockAheadMs = ports.clock.aheadMs;
    if (armed.isEmpty && clockAheadMs === 0) return request;
    const orders = armed.of(request.id);
    const endsAtOnce = orders.some((order) => order.kind === "crash" && order.when === "next-turn");
    const isArmed = orders.some((order) => order.kind !== "crash" || order.when === "next-step");
    return {
      ...request,
      orders: {
        ...{ ...(endsAtOnce && { endsAtOnce }), ...(isArmed && { isArmed }) },
        ...(clockAheadMs > 0 && { clockAheadMs }),
      },
    };
  }

  /** A turn with orders has reached a point of it. Answers what its step throws. */
  async reached({ id, command, name = "" }: ReachedPoint): Promise<OrderedFailure | undefined> {
    const { armed, ports } = this.#exchange;
    const order = armed.take(id, command === undefined ? "turn" : "step");
    if (order?.kind === "crash") {
      const process = ports.pool.processOf(id);
      const point = command === undefined ? "when its turn began" : `when step ${quoted(name)} began`;
      if (process) await crashNow(this.#exchange, id, process, point);
      return undefined;
    }
    if (order === undefined) return undefined;
    const { kind, atMs: _, ...failure } = order;
    const then = failure.terminal ? "It is not tried again." : "It is tried again.";
    const threw = `threw ${quoted(failure.message)} as you ordered`;
    const message = `Step ${quoted(name)} ${threw}. Its code did not run. ${then}`;
    noted(this.#exchange, kind, id, { done: true, message });
    return failure;
  }

  /** The invocation has ended: no order for it can be reached. */
  ended(id: InvocationId): void {
    this.#exchange.armed.clear(id);
  }
}

async function use(exchange: Asked, power: Power): Promise<HttpResponse> {
  const body = parseJsonObject(exchange.request.body);
  if (!body) throw badShape("request body", "it must be a JSON object");
  const answer = await power(exchange, body);
  exchange.ports.changed();
  return jsonResponse(200, answer);
}

async function showClock({ ports: { clock } }: Asked): Promise<HttpResponse> {
  return jsonResponse(200, { now: viewTime(clock.now()), ahead_ms: clock.aheadMs });
}

/** `?invocation_id=`: those of one invocation. Orders of one that has ended otherwise than by a turn go now. */
async function listArmed({ ports, armed, request: { query } }: Asked): Promise<HttpResponse> {
  const asked = query.get("invocation_id");
  const ids = asked === null ? [...armed.all].map(([id]) => id) : [parseId(asked)];
  const found: object[] = [];
  for (const id of ids) {
    if (armed.of(id).length === 0) continue;
    const isOver = await targetIn(ports, id).then(
      ({ head }) => head?.status === "completed",
      () => true,
    );
    if (isOver) armed.clear(id);
    found.push(...armed.of(id).map((order) => viewOrder(id, order)));
  }
  return jsonResponse(200, { armed: found });
}

async function withdraw({ armed, request: { query } }: Asked): Promise<HttpResponse> {
  const orders = armed.clear(parseId(query.get("invocation_id") ?? ""));
  const message =
    orders.length === 0
      ? "Nothing was ordered for it, or it has happened already."
      : `${count(orders.length, "order")} withdrawn. Nothing has happened.`;
  return jsonResponse(200, { done: orders.length > 0, message });
}

async function listEvents({ log, request: { query } }: Asked): Promise<HttpResponse> {
  const asked = query.get("invocation_id");
  const events = log.events(asked === null ? undefined : parseId(asked));
  return jsonResponse(200, { events: events.map(viewEvent) });
}

async function showSource({ ports, request: { query } }: Asked): Promise<HttpResponse> {
  return jsonResponse(200, await sourceOf(ports, parseId(query.get("invocation_id") ?? "")));
}

const viewOrder = (id: InvocationId, { atMs, ...order }: Order): object => ({
  invocation_id: shownId(id),
  at: viewTime(atMs),
  ...order,
});

const viewEvent = ({ atMs, toMs, id, kind, message }: PowerEvent): object => ({
  at: viewTime(atMs),
  ...(toMs === undefined ? {} : { to: viewTime(toMs) }),
  ...(id === undefined ? {} : { invocation_id: shownId(id) }),
  ...{ kind, message },
});

const refusal = ({ status, message, possible }: PowerRefusal): HttpResponse =>
  jsonResponse(status, {
    ...{ done: false, message: withShownIds(message), restate_code: null },
    ...(possible.length > 0 && { possible }),
  });
