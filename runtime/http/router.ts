/** A table of routes, looked up by method and decoded path segments. The first pattern that fits wins. */

type ParameterOf<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterOf<Rest>
  : P extends `${string}:${infer Name}`
    ? Name
    : never;
type Parameters<P extends string> = { readonly [name in ParameterOf<P>]: string };

export interface Route<Context, Result> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handle: (context: Context, parameters: Readonly<Record<string, string>>) => Result;
}

/** `route("GET", "/things/:id", (context, { id }) => …)`. A parameter stands for one whole segment. */
export function route<Context, Result, P extends string>(
  method: string,
  pattern: P,
  handle: (context: Context, parameters: Parameters<P>) => Result,
): Route<Context, Result> {
  return {
    method,
    segments: pattern.slice(1).split("/"),
    handle: handle as Route<Context, Result>["handle"],
  };
}

export type Match<Context, Result> =
  | { readonly kind: "found"; readonly run: (context: Context) => Result }
  | { readonly kind: "wrong-method"; readonly allow: readonly string[] }
  | { readonly kind: "not-found" };

export function match<Context, Result>(
  routes: readonly Route<Context, Result>[],
  method: string,
  segments: readonly string[],
): Match<Context, Result> {
  const allow: string[] = [];
  for (const candidate of routes) {
    const parameters = fit(candidate.segments, segments);
    if (!parameters) continue;
    if (candidate.method === method)
      return { kind: "found", run: (context) => candidate.handle(context, parameters) };
    allow.push(candidate.method);
  }
  return allow.length > 0 ? { kind: "wrong-method", allow } : { kind: "not-found" };
}

function fit(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith(":")) parameters[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return parameters;
}
