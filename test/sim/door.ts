/**
 * Callers over HTTP: they wait for results, lose their connections, ask again, and go on when they are answered. Each request
 * is handled by a process of the ingress of its own, which may die, or stand still when it has answered.
 */
import { derivedIdOf } from "../../lib/store/admission.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import type { HttpRequest, HttpResponse } from "../../runtime/http/message.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import type { Watch } from "../../lib/ports.ts";
import type { Actor } from "./actor.ts";
import { bytesOfResult } from "./checkers.ts";
import { targetOf } from "./interpreter.ts";
import { request } from "./operators.ts";
import { type Accepted, KINDS, type Outside } from "./outside.ts";
import type { Platform, World } from "./platform.ts";
import { Prng } from "../../lib/prng.ts";
import type { Root } from "./requests.ts";
import { whoRuns } from "./scheduler.ts";

/** A call holds its connection so long. */
const CALL_WAIT_MS = 20_000;
/** A caller goes away after it: long after the faults have stopped. */
const PATIENCE_MS = 6 * 60_000;

export class Door {
  readonly #world: World;
  readonly #platform: Platform;
  readonly #outside: Outside;
  readonly #prng: Prng;

  constructor(world: World, platform: Platform, outside: Outside) {
    this.#world = world;
    this.#platform = platform;
    this.#outside = outside;
    this.#prng = new Prng(world.seed, "door");
  }

  submit(root: Root, accepted: Accepted): void {
    const { program, idempotencyKey } = root;
    const named = derivedIdOf(targetOf(program), KINDS[program.callee], idempotencyKey);
    if (named !== undefined) this.#outside.interfere(named, root);
    for (let time = 0; time < root.times; time++) {
      this.#outside.as("client", async (_, actor) => {
        await this.#call(actor, root, accepted, named !== undefined);
        if (time === 0 && root.next) this.#outside.submit(root.next);
      });
    }
  }

  // oxlint-disable-next-line complexity -- one branch for each answer
  async #call(actor: Actor, root: Root, accepted: Accepted, isNamed: boolean): Promise<void> {
    const { observer, trace, scheduler } = this.#world;
    const { service, handler, key } = { key: undefined, ...targetOf(root.program) };
    const headers = {
      "content-type": "application/json",
      ...(root.idempotencyKey === undefined ? {} : { "idempotency-key": root.idempotencyKey }),
    };
    const path = `/restate/call/${service}/${key === undefined ? "" : `${key}/`}${handler}`;
    const call = request("POST", path, { body: JSON.stringify(root.program), headers });
    let asked: HttpRequest = call;
    const sinceMs = scheduler.nowMs;
    for (;;) {
      observer.count(asked === call ? "call over HTTP" : "attach over HTTP");
      const answer = await this.#ask(asked);
      const id = storedId(answer.headers["x-restate-id"] ?? "");
      trace.add(actor.name, "is told", `${answer.status} ${root.program.pid} ${id ?? ""}`);
      if (id !== undefined && accepted.acceptances.length < 1)
        accepted.acceptances.push({
          id,
          incarnation: observer.lives.get(id)?.incarnation ?? 0,
          status: "Accepted",
        });
      if (!isRefusal(answer)) return await this.#answered(answer, id);
      if (answer.status === 504 && id !== undefined)
        asked = request("GET", `/restate/invocation/${id}/attach`);
      else if (asked === call && !isNamed) accepted.repeated = true;
      if (scheduler.nowMs - sinceMs > PATIENCE_MS) return this.#leaves(root, id);
      await this.#outside.pause(this.#prng.between(10, 3000));
    }
  }

  /** DOOR: what has ended long ago has been told. */
  #leaves({ program }: Root, id: string | undefined): void {
    const { observer, scheduler } = this.#world;
    observer.count("caller gone");
    const { completedMs } = observer.lives.get(id ?? "") ?? {};
    if (completedMs !== undefined && scheduler.nowMs - completedMs > 2 * CALL_WAIT_MS)
      observer.fail(
        "DOOR",
        `${program.pid} ended ${scheduler.nowMs - completedMs} ms ago, and its caller was not told`,
      );
  }

  async #answered({ status, body }: HttpResponse, id: string | undefined): Promise<void> {
    const { observer, tables } = this.#world;
    if (id === undefined) return observer.fail("DOOR", `an answer ${status} names no invocation`);
    // The second request to run a workflow, and what has been purged meanwhile.
    if (status === 409 || status === 404 || status === 410) return;
    const life = observer.lives.get(id);
    observer.acknowledged.told(
      id,
      status,
      body,
      life?.status === "completed" ? bytesOfResult(tables, life) : undefined,
    );
    if (!this.#prng.chance(0.3)) return;
    observer.count("output over HTTP");
    const again = await this.#ask(request("GET", `/restate/invocation/${id}/output`));
    if (again.status === 470) observer.fail("DOOR", `${id} was answered, and then is not ready`);
  }

  async #ask(asked: HttpRequest): Promise<HttpResponse> {
    const { faults } = this.#world;
    const actor = this.#platform.actor("door");
    if (faults.strike("door-crash"))
      actor.crashAt = {
        effect: this.#prng.int(1, 9),
        when: this.#prng.chance(0.5) ? "before" : "after",
      };
    const dead = new Promise<HttpResponse>((resolve) => actor.onDeath(() => resolve(GONE)));
    const answer = await Promise.race([whoRuns.run(actor, () => this.#ingress(actor).handle(asked)), dead]);
    if (faults.strike("door-frozen")) actor.die();
    return answer;
  }

  #ingress(actor: Actor): Ingress {
    const { scheduler } = this.#world;
    const watch: Watch = {
      polls: true,
      changed: (_key, maxMs) =>
        new Promise((resolve) => void scheduler.after(Math.min(maxMs, this.#prng.between(5, 2000)), resolve)),
    };
    return new Ingress({ ...this.#platform.doorPorts(actor), watch }, { callWaitMs: CALL_WAIT_MS });
  }
}

/** What the front end of the ingress answers if its process has died. */
const GONE: HttpResponse = {
  status: 502,
  headers: { "x-restate-error-source": "ingress" },
  body: new Uint8Array(0),
};

/** The ingress's own, after which nobody knows more: it is to be asked again. */
const isRefusal = ({ status, headers }: HttpResponse): boolean =>
  status >= 500 && headers["x-restate-error-source"] === "ingress";
