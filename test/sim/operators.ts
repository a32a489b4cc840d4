/** Operators: requests to the admin API, each tried until it is answered. What was answered is checked (`acknowledged.ts`). */
import { Admin } from "../../runtime/admin/admin.ts";
import { type HttpRequest, type HttpResponse, parseJsonObject } from "../../runtime/http/message.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import { OperationalError } from "../../lib/errors.ts";
import { Prng } from "../../lib/prng.ts";
import { movable, moveTo } from "../../lib/store/head/rest.ts";
import { readHead } from "../../lib/store/head-store.ts";
import type { Outside } from "./outside.ts";
import type { World } from "./platform.ts";
import type { Ports } from "./side.ts";
import type { Edit, Interference, Operation } from "./requests.ts";

const RESUMED_AFTER_MS = 30_000;
const CANCELLED_AFTER_MS = 2000;
/** What can only be done to something that has ended, or rests, is asked for again. */
const PATIENT: ReadonlySet<Operation> = new Set(["restart", "purge", "purge-journal", "resume"]);
const TRIES_MAX = 25;
const NOT_YET = new Set([409, 425, 404]);

export const request = (
  method: string,
  path: string,
  {
    query = {},
    body = "",
    headers = {},
  }: { query?: Record<string, string>; body?: string; headers?: Record<string, string> } = {},
): HttpRequest => ({
  method,
  path,
  query: new URLSearchParams(query),
  headers,
  body: new TextEncoder().encode(body),
});

/** Only builds with the same code can go on with each other's logs: 1 and 3. */
const otherBuild = (pinned: unknown): string | undefined =>
  pinned === "dp_1" ? "dp_3" : pinned === "dp_3" ? "dp_1" : undefined;

/** The stored id of what a restart has started. */
const madeBy = ({ body }: HttpResponse): string =>
  storedId(String(parseJsonObject(body)?.["new_invocation_id"])) ?? "";

export class Operators {
  readonly #world: World;
  readonly #outside: Outside;

  constructor(world: World, outside: Outside) {
    this.#world = world;
    this.#outside = outside;
  }

  interfere(id: string, interference: Interference): void {
    const { does, afterMs, thenCancel, forGood } = interference;
    const { scheduler } = this.#world;
    scheduler.after(afterMs, () => this.operate(does, id, interference));
    if (does !== "pause") return;
    if (!forGood) scheduler.after(afterMs + RESUMED_AFTER_MS, () => this.operate("resume", id));
    if (thenCancel) scheduler.after(afterMs + CANCELLED_AFTER_MS, () => this.operate("cancel", id));
  }

  /** The admin API may refuse it. */
  operate(does: Operation, id: string, { from = 0, deployment }: Partial<Interference> = {}): void {
    const { observer, trace, tables } = this.#world;
    observer.count(`operator ${does}`);
    if (this.#world.sides.isMixed) return this.#operateAsBefore(does, id);
    this.#outside.as("operator", async (ports, actor) => {
      trace.add(actor.name, does, id);
      if (does === "restart") for (const { root } of this.#outside.accepted) this.#repeats(root.program.pid);
      const asked = observer.acknowledged.asks(does, id, actor.name);
      const path = does === "restart" ? "restart-as-new" : does;
      const query = {
        ...(deployment === undefined ? {} : { deployment: this.#named(deployment, id) }),
        ...(from > 0 ? { from: String(from) } : {}),
      };
      const answer = await this.#try(ports, request("PATCH", `/invocations/${id}/${path}`, { query }), does);
      trace.add(
        actor.name,
        "answered",
        `${answer.status} ${new TextDecoder().decode(answer.body).slice(0, 100)}`,
      );
      observer.acknowledged.answers(asked, answer.status);
      if (answer.status >= 300) return;
      observer.count(`acknowledged ${does}`);
      if (deployment === "other") observer.count("resume elsewhere");
      if (does === "purge" || does === "purge-journal") observer.acknowledged.purged(asked, tables);
      if (does === "restart") observer.acknowledged.restarted(id, madeBy(answer), from);
      if (does === "restart" && from > 0) observer.count("restart from a prefix");
    });
  }

  /** Of two versions the control functions alone are known. */
  #operateAsBefore(does: Operation, id: string): void {
    if (does !== "cancel" && does !== "kill" && does !== "pause" && does !== "resume") return;
    const { sides, trace } = this.#world;
    this.#outside.as("operator", async (ports, actor) => {
      trace.add(actor.name, does, id);
      await this.#outside.insist(async () => {
        try {
          await sides.of("operator").operate(ports, does, id);
        } catch (error) {
          if (!(error instanceof Error) || !("status" in error)) throw error;
        }
      });
    });
  }

  /** A program that is restarted runs as two invocations. */
  #repeats(pid: string): void {
    const accepted = this.#outside.accepted.find(({ root }) => root.program.pid === pid);
    if (accepted) accepted.repeated = true;
  }

  #named(deployment: "keep" | "latest" | "other", id: string): string {
    if (deployment !== "other") return deployment;
    return otherBuild(this.#world.observer.lives.get(id)?.head["d"]) ?? "keep";
  }

  /** New code takes over, and what rests goes on with it, as the gate moves it: its head was read some time before (0051). */
  move(): void {
    const { observer, trace, seed } = this.#world;
    const prng = new Prng(seed, "moves of operators");
    this.#outside.as("operator", async (ports, actor) => {
      for (const id of observer.lives.keys())
        await this.#outside.insist(async () => {
          const head = (await readHead(ports.items, id))?.head;
          const deployment = otherBuild(head?.deployment);
          if (!head || deployment === undefined || !(await ports.registry.deployment(deployment))) return;
          await this.#outside.pause(prng.pick([0, 5, 200, 3000]));
          const isMoved = await moveTo(ports, id, movable(head), deployment);
          observer.count(isMoved ? "moved" : "move refused");
          trace.add(actor.name, isMoved ? "moves" : "does not move", `${id} to ${deployment}`);
        });
    });
  }

  /** Until it is answered, and is no refusal for the moment. A purge is repeated: the first may have been done in part. */
  async #try(ports: Ports, asked: HttpRequest, does: Operation | "edit"): Promise<HttpResponse> {
    const admin = new Admin(ports, { version: "0", ingressEndpoint: "http://sim" });
    const isPatient = does !== "edit" && PATIENT.has(does);
    for (let tries = 1; ; tries++) {
      const answer = await this.#outside.insist(async () => {
        const response = await admin.handle(asked);
        if (response.status === 503) throw new OperationalError("unavailable", "503");
        return response;
      });
      if (!isPatient || !NOT_YET.has(answer.status) || tries > TRIES_MAX) return answer;
      await this.#outside.pause(4000 * tries);
    }
  }

  edit({ key, state, versioned }: Edit): void {
    const { observer, trace } = this.#world;
    observer.count(versioned ? "edit of a version" : "edit");
    this.#outside.as("operator", async (ports, actor) => {
      trace.add(actor.name, "edits", `${key} ${Object.keys(state).join()}`);
      const version = versioned ? { version: await this.#version(ports, key) } : {};
      const bytes = Object.fromEntries(
        Object.entries(state).map(([name, value]) => [
          name,
          [...new TextEncoder().encode(JSON.stringify(value))],
        ]),
      );
      const body = JSON.stringify({ object_key: key, new_state: bytes, ...version });
      const answer = await this.#try(ports, request("POST", "/services/O/state", { body }), "edit");
      const id = storedId(answer.headers["x-restate-id"] ?? "");
      if (answer.status !== 202 || id === undefined)
        return observer.fail(
          "EDIT",
          `an edit was answered ${answer.status} ${new TextDecoder().decode(answer.body)}`,
        );
      observer.acknowledged.edited(id, Object.keys(state), versioned);
    });
  }

  async #version(ports: Ports, key: string): Promise<string> {
    const admin = new Admin(ports, { version: "0", ingressEndpoint: "http://sim" });
    return await this.#outside.insist(async () => {
      const { status, body } = await admin.handle(request("GET", `/services/O/state/${key}`));
      if (status !== 200) throw new OperationalError("unavailable", String(status));
      return String(parseJsonObject(body)?.["version"]);
    });
  }
}
