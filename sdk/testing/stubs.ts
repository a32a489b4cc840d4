/** Services that are not in the process of a test: what their handlers answer, and how they were called. */
import { TerminalError } from "../../lib/errors.ts";
import { TEST_ATTEMPTS_MAX } from "../../lib/limits/local.ts";
import type { ServiceType } from "../../lib/model/manifest.ts";
import type { Context, HandlersOf } from "../context.ts";
import type { Descriptors, InferInput, InferOutput } from "../descriptor.ts";
import {
  define,
  exclusiveHandler,
  handlerKind,
  handlerOptions,
  type HandlerFunction,
  type HandlerOptions,
  type Handlers,
  isDefinition,
  plainHandler,
  sharedHandler,
  sharedWorkflowHandler,
  workflowHandler,
} from "../definition.ts";

/** A call of a stub. */
export interface StubCall {
  readonly handler: string;
  /** Of an object or a workflow. */
  readonly key?: string;
  /** What the handler was called with. */
  readonly input: unknown;
  /** The id of the stub's own invocation. */
  readonly invocation: string;
}

type Awaitable<T> = T | Promise<T>;
/** Answers in place of a handler. A TerminalError is the failure that the caller sees; after any other error it is called again, as a
 * handler would be. */
type AnswerOf<I, O> = (input: I, call: StubCall) => Awaitable<O>;
type AnswersOf<H> = {
  readonly [K in keyof H]?: H[K] extends (context: never, ...input: infer A) => infer R
    ? AnswerOf<A extends readonly [] ? undefined : A[0], Awaited<R>>
    : never;
};
type DescribedAnswers<H extends Descriptors> = {
  readonly [K in keyof H]?: AnswerOf<InferInput<H[K]>, InferOutput<H[K]>>;
};

/** What a stub answers: typed by the definition or the contract (`iface`) of the service, or by nothing if only its name is given. */
export type StubAnswers<D> = D extends string
  ? Readonly<Record<string, AnswerOf<never, unknown>>>
  : D extends { readonly _handlers: infer H extends Descriptors }
    ? DescribedAnswers<H>
    : AnswersOf<HandlersOf<D>>;

export interface StubOptions {
  /** What a service is that only its name is known of. Default: `service`, or `workflow` if `run` is among the answers. */
  readonly type?: ServiceType;
}

type Answer = AnswerOf<unknown, unknown>;

export class ServiceStub {
  /** Of the service. */
  readonly name: string;
  /** What the environment serves. */
  readonly definition: unknown;
  readonly #calls: StubCall[] = [];

  /** Throws `TypeError` for a name or a handler's name that is not allowed, and for an answer that is no function. */
  constructor(
    of: string | { readonly name: string },
    answers: Readonly<Record<string, Answer | undefined>>,
    options: StubOptions,
  ) {
    this.name = typeof of === "string" ? of : of.name;
    this.definition = this.#define(shapeOf(of, answers, options), answers);
  }

  /** Its calls, in order: of one handler, or of all. A call is recorded once, as a step is, unless its answer fails. */
  calls(handler?: string): readonly StubCall[] {
    return handler === undefined ? this.#calls : this.#calls.filter((call) => call.handler === handler);
  }

  #define({ type, handlers }: Shape, answers: Readonly<Record<string, Answer | undefined>>): unknown {
    for (const [name, answer] of Object.entries(answers))
      if (typeof answer !== "function")
        throw new TypeError(
          `the stub of ${this.name}: the answer of ${name} must be a function, not ${typeof answer}`,
        );
    const made = [...handlers].map(([name, { wrap, options }]) => [
      name,
      wrap(options, this.#handler(name, type, answers[name] ?? this.#unsaid(name, answers))),
    ]);
    return define(type, { name: this.name, handlers: Object.fromEntries(made) as Handlers });
  }

  #handler(handler: string, type: ServiceType, answer: Answer): HandlerFunction {
    return async (context: Context & { readonly key: string }, input: unknown) => {
      const call: StubCall = {
        ...{ handler, input, invocation: context.request().id },
        ...(type === "service" ? {} : { key: context.key }),
      };
      return await context.run(`stub of ${this.name}/${handler}`, async () => {
        if (this.#calls.length < TEST_ATTEMPTS_MAX) this.#calls.push(call);
        return await answer(input, call);
      });
    };
  }

  /** A handler of the definition that the stub says nothing of. */
  #unsaid(handler: string, answers: object): Answer {
    const known = Object.keys(answers).join(", ") || "nothing";
    return () => {
      const words = `the stub of ${this.name} does not say what ${handler} answers; it does of: ${known}`;
      throw new TerminalError(words, { errorCode: 404 });
    };
  }
}

interface Shape {
  readonly type: ServiceType;
  readonly handlers: ReadonlyMap<string, { readonly wrap: Wrap; readonly options: HandlerOptions }>;
}
type Wrap = (options: HandlerOptions, handler: HandlerFunction) => HandlerFunction;

function shapeOf(of: string | { readonly name: string }, answers: object, { type }: StubOptions): Shape {
  const names = Object.keys(answers);
  if (typeof of === "object" && isDefinition(of)) {
    const handlers = Object.entries(of.handlers).map(([name, fn]) => {
      const { hooks: _hooks, ...options } = { ...of.options, ...handlerOptions(fn) };
      return [
        name,
        { wrap: wrapOf(of.type, name, handlerKind(of.type, name, fn) === "shared"), options },
      ] as const;
    });
    const missing = names.find((name) => !Object.hasOwn(of.handlers, name));
    if (missing !== undefined)
      throw new TypeError(
        `the stub of ${of.name}: it has no handler ${missing}; it has ${Object.keys(of.handlers).join(", ")}`,
      );
    return { type: of.type, handlers: new Map(handlers) };
  }
  if (typeof of === "object" && isContract(of)) {
    const handlers = Object.entries(of._handlers).map(([name, { _shared, _inputSerde, _outputSerde }]) => {
      const options: HandlerOptions = {
        ...(_inputSerde ? { input: _inputSerde } : {}),
        ...(_outputSerde ? { output: _outputSerde } : {}),
      };
      return [name, { wrap: wrapOf(of._kind, name, _shared === true), options }] as const;
    });
    return { type: of._kind, handlers: new Map(handlers) };
  }
  const guessed = type ?? (names.includes("run") ? "workflow" : "service");
  return {
    type: guessed,
    handlers: new Map(names.map((name) => [name, { wrap: wrapOf(guessed, name, false), options: {} }])),
  };
}

interface Contract {
  readonly name: string;
  readonly _kind: ServiceType;
  readonly _handlers: Descriptors;
}

const isContract = (of: object): of is Contract => "_kind" in of && "_handlers" in of;

function wrapOf(type: ServiceType, name: string, isShared: boolean): Wrap {
  const wrap =
    type === "service"
      ? plainHandler
      : type === "object"
        ? isShared
          ? sharedHandler
          : exclusiveHandler
        : name === "run"
          ? workflowHandler
          : sharedWorkflowHandler;
  return (options, handler) => (wrap as Wrap)(options, handler);
}
