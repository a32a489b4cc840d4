/** Options that nobody reads: a misspelt one has no effect, and in JavaScript no compiler says so. */
import type { HandlerOptions, RetryPolicyOptions } from "../../../sdk/definition.ts";

/** Of a service, a workflow or a handler. */
const OPTIONS: Record<keyof HandlerOptions, true> = {
  ...{ idempotencyRetention: true, journalRetention: true, workflowRetention: true },
  ...{ inactivityTimeout: true, abortTimeout: true, ingressPrivate: true, passHeaders: true },
  ...{ retryPolicy: true, serde: true, asTerminalError: true, hooks: true, enableLazyState: true },
  ...{ explicitCancellation: true, onJournalMismatchErrors: true, accept: true, input: true, output: true },
  ...{ setOutputContentTypeIfEmpty: true, description: true, metadata: true },
};
const POLICY: Record<keyof RetryPolicyOptions, true> = {
  ...{ maxAttempts: true, onMaxAttempts: true, initialInterval: true, maxInterval: true },
  exponentiationFactor: true,
};
/** On a handler that has options (sdk/definition.ts). */
const WRAPPED = Symbol.for("perdure.handler");

/** As much of a definition as is looked at. */
export interface Defined {
  readonly name: string;
  readonly options?: object;
  readonly handlers: object;
}

/** A line for each unknown option of the services. */
export function unknownOptions(services: readonly Defined[]): readonly string[] {
  return services.flatMap(({ name, options, handlers }) => [
    ...unknownIn(options, name),
    ...Object.entries(handlers).flatMap(([handler, fn]) => {
      const wrapped = (fn as { readonly [WRAPPED]?: { readonly options?: object } })[WRAPPED];
      return unknownIn(wrapped?.options, `${name}/${handler}`);
    }),
  ]);
}

function unknownIn(options: object | undefined, owner: string): string[] {
  const { retryPolicy } = (options ?? {}) as { readonly retryPolicy?: object };
  return [
    ...unknownOf(options, OPTIONS, `of ${owner}`),
    ...unknownOf(retryPolicy, POLICY, `in the retryPolicy of ${owner}`),
  ];
}

function unknownOf(given: object | undefined, known: object, where: string): string[] {
  const names = Object.keys(given ?? {}).filter((name) => !Object.hasOwn(known, name));
  return names.map(
    (name) =>
      `warning: the option "${name}" ${where} is not known and has no effect. Known are: ${Object.keys(known).toSorted().join(", ")}.`,
  );
}
