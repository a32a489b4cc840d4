/**
 * Calls and sends to other handlers.
 *
 * A callee's id derives from this invocation and the command, from the user's idempotency key, or from the workflow's key. So a
 * repeated send is harmless (M2). The id names the mailbox group, which depends on the callee's kind, which the registry knows.
 * So ids are filled in just before the append that contains the call, and are recorded with it.
 */
import { coded } from "../../lib/error-codes.ts";
import type { Call, CallEntry, ClearAllEntry, Entry, SendEntry } from "../../lib/model/entry.ts";
import { RetryableError, TerminalError } from "../../lib/errors.ts";
import { Future } from "../../lib/turn/future.ts";
import {
  childUnique,
  idempotentUnique,
  incarnationOf,
  invocationId,
  workflowUnique,
} from "../../lib/model/ids.ts";
import { IDEMPOTENCY_KEY_BYTES_MAX, KEY_BYTES_MAX } from "../../lib/limits.ts";
import { type HandlerKind, isExclusive, type ServiceType } from "../../lib/model/manifest.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import type { CallOptions, Client, InvocationHandle, SendClient, SendOptions } from "../rpc.ts";
import { Opts, SendOpts } from "../rpc.ts";
import type { GenericCall, GenericSend } from "../context.ts";
import { DurablePromise, InvocationPromise } from "../durable-promise.ts";
import { assertName, bytesOf, delayMs, limitedHeaders, serialized } from "./checked-value.ts";
import { asHeld, clientProxy } from "../held.ts";
import { HandlerContext } from "./handler-context.ts";
import { TRACEPARENT } from "../../lib/tracing/w3c.ts";
import type { ClientFromDescriptors, Descriptors, SendClientFromDescriptors } from "../descriptor.ts";
import { type Serde, serde } from "../serde.ts";

interface Callee {
  readonly service: string;
  readonly handler: string;
  readonly key: string | null;
}

/** A definition, a contract, or a name alone. A contract's serdes are used. */
interface Named {
  readonly name: string;
  readonly _kind?: ServiceType;
  readonly _handlers?: Descriptors;
}

export class CallingContext extends HandlerContext {
  serviceClient<H>(definition: Named): Client<H> {
    return this.#callProxy(definition, null);
  }
  objectClient<H>(definition: Named, key: string): Client<H> {
    return this.#callProxy(definition, key);
  }
  workflowClient<H>(definition: Named, key: string): Client<H> {
    return this.#callProxy(definition, key);
  }
  serviceSendClient<H>(definition: Named): SendClient<H> {
    return this.#sendProxy(definition, null);
  }
  objectSendClient<H>(definition: Named, key: string): SendClient<H> {
    return this.#sendProxy(definition, key);
  }
  workflowSendClient<H>(definition: Named, key: string): SendClient<H> {
    return this.#sendProxy(definition, key);
  }
  client<H extends Descriptors>(contract: Named, key?: string): ClientFromDescriptors<H> {
    return this.#callProxy(contract, keyOf(contract, key));
  }
  sendClient<H extends Descriptors>(contract: Named, key?: string): SendClientFromDescriptors<H> {
    return this.#sendProxy(contract, keyOf(contract, key));
  }

  genericCall<I, O>(call: GenericCall<I, O>): InvocationPromise<O> {
    const { service, method, key = null, parameter, headers, idempotencyKey, name } = call;
    const input = call.inputSerde ?? (serde.binary as unknown as Serde<I>);
    const output = call.outputSerde ?? (serde.binary as unknown as Serde<O>);
    const options = {
      input,
      output,
      ...(headers ? { headers } : {}),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(name === undefined ? {} : { name }),
    };
    return this.#call<I, O>({ service, handler: method, key }, parameter, options);
  }

  genericSend<I>(send: GenericSend<I>): InvocationHandle {
    const { service, method, key = null, parameter, headers, idempotencyKey, delay, name } = send;
    const input = send.inputSerde ?? (serde.binary as unknown as Serde<I>);
    return this.#send<I>({ service, handler: method, key }, parameter, {
      input,
      ...(headers ? { headers } : {}),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(delay === undefined ? {} : { delay }),
      ...(name === undefined ? {} : { name }),
    });
  }

  #callProxy<C>(definition: Named, key: string | null): C {
    const { name: service, _handlers: declared } = defined(definition);
    return methods(service, (handler, args) => {
      const given = optionsIn(args);
      if (given instanceof SendOpts)
        throw new TypeError(`${service}/${handler} is called: use rpc.opts, not rpc.sendOpts`);
      const options = { ...serdesOf(declared, handler), ...given?.options };
      return this.#call({ service, handler, key }, args[0], options);
    });
  }

  #sendProxy<C>(definition: Named, key: string | null): C {
    const { name: service, _handlers: declared } = defined(definition);
    return methods(service, (handler, args) => {
      const given = optionsIn(args);
      if (given instanceof Opts)
        throw new TypeError(`${service}/${handler} is sent to: use rpc.sendOpts, not rpc.opts`);
      const { input } = serdesOf(declared, handler);
      const options = { ...(input ? { input } : {}), ...given?.options };
      return this.#send({ service, handler, key }, args[0], options);
    });
  }

  #call<I, O>(callee: Callee, input: I, options: CallOptions<I, O>): InvocationPromise<O> {
    const command = this.driver.machine.nextCommand;
    const output = this.serdeOf(options.output);
    const call = this.#asked("call", callee, input, options);
    const entry: CallEntry = { kind: "call", command, callee: "", call };
    const { future } = this.command(entry, { kind: "call", command }, (value) =>
      output.deserialize(bytesOf(value)),
    );
    // One that has an idempotency key may have ended before.
    if (call.idempotencyKey === null && this.waitsForThis(callee))
      this.driver.open.isEndless(future, this.#endless(callee));
    if (this.driver.isExplicit) this.driver.cancellations.calls.push(command);
    return new InvocationPromise<O>(future, this, `the call of ${callee.service}/${callee.handler}`, () =>
      this.#idOf(command),
    );
  }

  /** The code awaits nothing but a handler of its own key, which waits until this one ends. */
  #endless({ handler }: Callee): Error {
    const { service, handler: own, key } = this.turnRequest.target;
    const place = `${service}/${key}`;
    return new Error(
      `${place}/${own} awaits its call of ${place}/${handler}: a key runs one exclusive handler at a time, so each would wait ` +
        `for the other. Call the function itself, make "${handler}" shared, or send to it (ctx.objectSendClient).`,
    );
  }

  #send<I>(callee: Callee, input: I, options: SendOptions<I>): InvocationHandle {
    const command = this.driver.machine.nextCommand;
    const { delay } = options;
    const asked = this.#asked("send", callee, input, options);
    const afterMs = delay === undefined ? 0 : delayMs(delay);
    const call = afterMs > 0 ? { ...asked, dueAtMs: this.ports.clock.now() + afterMs } : asked;
    this.issue({ kind: "send", command, callee: "", call });
    let id: Promise<string> | undefined;
    const idOf = (): Promise<string> => (id ??= this.#idOf(command));
    return {
      get invocationId() {
        return idOf();
      },
    };
  }

  #asked<I>(kind: "call" | "send", callee: Callee, input: I, options: CallOptions<I>): Call {
    const { service, handler, key } = callee;
    const { idempotencyKey = null, headers = {}, name = null } = options;
    if (key !== null && (typeof key !== "string" || Buffer.byteLength(key) > KEY_BYTES_MAX)) {
      const got = typeof key === "string" ? `has ${Buffer.byteLength(key)} bytes` : `is ${typeof key}`;
      throw new TerminalError(
        `${service}/${handler}: the key ${got}. Pass a string of at most ${KEY_BYTES_MAX} bytes.`,
        { errorCode: 400 },
      );
    }
    if (
      idempotencyKey !== null &&
      (typeof idempotencyKey !== "string" ||
        idempotencyKey === "" ||
        Buffer.byteLength(idempotencyKey) > IDEMPOTENCY_KEY_BYTES_MAX)
    ) {
      throw new TerminalError(`an idempotency key must have 1 to ${IDEMPOTENCY_KEY_BYTES_MAX} bytes`, {
        errorCode: 400,
      });
    }
    if (name !== null) assertName(name, "call name");
    for (const text of [service, handler]) assertName(text, "service or handler name", 1);
    const bytes = serialized(this.serdeOf(options.input), input, `the input of ${service}/${handler}`);
    return {
      ...{ service, handler, key, input: bytes, idempotencyKey },
      headers: this.#withTrace(kind, limitedHeaders(headers, `${service}/${handler}`)),
      ...{ dueAtMs: null, name, acceptedAtMs: this.ports.clock.now(), incarnation: 0 },
    };
  }

  /** With the span of the call that is issued next, unless the code names one. */
  #withTrace(kind: "call" | "send", headers: Record<string, string>): Record<string, string> {
    if (TRACEPARENT in headers) return headers;
    return { ...this.driver.writer.traced?.headersOf(kind, this.driver.machine.nextCommand), ...headers };
  }

  /** The ids of the calls made since its last use. None unless cancellation is explicit. */
  protected takeCalls(): DurablePromise<string[]> {
    const ids = this.driver.cancellations.calls.splice(0).map((command) => {
      this.driver.open.known(command);
      const future = Future.leaf();
      this.driver.onRecorded(command, (entry) => {
        const at = this.driver.event;
        if (entry.kind === "call") future.settle({ ok: true, value: shownId(entry.callee), at });
      });
      return new DurablePromise<string>(future, this, "ctx.cancelPreviousCalls()");
    });
    return DurablePromise.all(ids);
  }

  /** Resolves when the call is in the log, at the same point on every replay. */
  #idOf(command: number): Promise<string> {
    this.driver.open.known(command);
    const id = new Promise<string>((resolve) =>
      this.driver.onRecorded(command, (entry) => {
        if (entry.kind === "call" || entry.kind === "send") resolve(shownId(entry.callee));
      }),
    );
    return asHeld(id, { is: "a promise", advice: 'was "await" forgotten before .invocationId?' });
  }

  /** Completes entries just before they are appended; see the head of this file.
   * Throws a retryable error when the callee is not registered (yet). */
  async fill(entry: CallEntry | SendEntry | ClearAllEntry, before: readonly Entry[]): Promise<void> {
    if (entry.kind === "clearAll") {
      entry.names = await this.namesToClear(
        before.flatMap((earlier) => (earlier.kind === "set" ? [earlier.name] : [])),
      );
      return;
    }
    const { command, call } = entry;
    const { id: parent, incarnation } = this.turnRequest;
    const { service, handler, key, idempotencyKey } = call;
    const kind = await this.#kindOf(service, handler, key);
    const origin = `${parent}.${incarnation}.${command}`;
    const derived = idempotencyKey !== null || kind === "workflow";
    entry.callee = invocationId(
      service,
      isExclusive(kind) ? (key ?? "") : undefined,
      this.#unique(command, call, kind),
    );
    call.incarnation = derived ? incarnationOf(origin) : 0;
  }

  #unique(command: number, call: Call, kind: HandlerKind): Uint8Array {
    const { service, handler, key, idempotencyKey } = call;
    if (kind === "workflow") return workflowUnique(service, key ?? "");
    if (idempotencyKey !== null) return idempotentUnique(service, key ?? undefined, handler, idempotencyKey);
    return childUnique(this.turnRequest.id, this.turnRequest.incarnation, command);
  }

  async #kindOf(service: string, handler: string, key: string | null): Promise<HandlerKind> {
    const registered = await this.ports.registry.service(service);
    const manifest = registered?.handlers.find(({ name }) => name === handler);
    if (!registered || !manifest) {
      const what = registered
        ? `service ${service} has no handler "${handler}"`
        : `no service "${service}" is registered`;
      const target = `the service handler ${service}/${handler} was not found`;
      throw new RetryableError(coded("RT0018", `${target}: ${what}; the call is retried until it exists`));
    }
    if ((registered.type === "service") !== (key === null)) {
      throw new TerminalError(
        `${service} is ${registered.type === "service" ? "a service: it takes no key" : `an ${registered.type}: it needs a key`}`,
      );
    }
    return manifest.kind;
  }
}

/** Modules that import each other see nothing of what the other has yet to define. */
function defined(definition: Named | undefined): Named {
  if (typeof definition === "object" && typeof definition?.name === "string") return definition;
  const got = definition === null ? "null" : typeof definition;
  throw new TerminalError(
    `a client needs a definition or { name }, and got ${got}. Do two files import each other? ` +
      "Then name the service, and import its type alone.",
  );
}

/** The key that a contract's kind needs, or none. */
function keyOf(definition: Named, key: string | undefined): string | null {
  const { name, _kind } = defined(definition);
  if (_kind === "service") return null;
  if (key === undefined)
    throw new TypeError(`ctx.client(${name}, key): the key is undefined. Pass a string.`);
  return key;
}

function serdesOf(declared: Descriptors | undefined, handler: string): CallOptions {
  const { _inputSerde, _outputSerde } =
    declared && Object.hasOwn(declared, handler) ? (declared[handler] ?? {}) : {};
  return {
    ...(_inputSerde ? { input: _inputSerde } : {}),
    ...(_outputSerde ? { output: _outputSerde } : {}),
  };
}

/** Takes the options off the end of a call's arguments. */
function optionsIn(args: unknown[]): Opts<unknown, unknown> | SendOpts<unknown> | undefined {
  const last = args.at(-1);
  if (!(last instanceof Opts) && !(last instanceof SendOpts)) return undefined;
  args.pop();
  return last;
}

/** An object that has every method; each calls `invoke` with its name. */
function methods<T>(service: string, invoke: (name: string, args: unknown[]) => unknown): T {
  return clientProxy(
    service,
    (name) =>
      (...args: unknown[]) =>
        invoke(name, args),
  ) as T;
}
