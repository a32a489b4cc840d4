/**
 * Routes of the ingress and the admin API: by method and by the path's decoded segments. The first pattern that fits wins.
 *
 * Why no library: docs/decisions/0014-http.md.
 */

type ParameterOf<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterOf<Rest>
  : P extends `${string}:${infer Name}`
    ? Name
    : never;

export interface Route<Context, Result> {
  readonly method: string;
  readonly pattern: readonly string[];
  readonly handle: (context: Context, parameters: Readonly<Record<string, string>>) => Result;
}

/** `route("GET", "/things/:id", (context, { id }) => …)`. A parameter stands for one whole segment, which may be empty. */
export const route = <Context, Result, P extends string>(
  method: string,
  path: P,
  handle: (context: Context, parameters: Readonly<Record<ParameterOf<P>, string>>) => Result,
): Route<Context, Result> => ({ method, pattern: path.slice(1).split("/"), handle });

/** The path's segments, percent-decoded: `/a/b%2Fc` is `["a", "b/c"]`. Slashes before the first segment do not count, nor
 * does one after the last. A percent sign that begins no escape stands for itself. `undefined` if the bytes are not UTF-8. */
export function segmentsOf(path: string): string[] | undefined {
  const segments = path
    .replace(/^\/+/, "")
    .replace(/(.)\/$/, "$1")
    .split("/");
  try {
    return segments.map((segment) => decodeURIComponent(segment.replaceAll(/%(?![0-9A-Fa-f]{2})/g, "%25")));
  } catch {
    return undefined;
  }
}

/** What to run, or the methods that the path takes: none if no pattern fits. */
export type Match<Context, Result> =
  | { readonly run: (context: Context) => Result }
  | { readonly run?: never; readonly allow: readonly string[] };

export function match<Context, Result>(
  routes: readonly Route<Context, Result>[],
  method: string,
  segments: readonly string[],
): Match<Context, Result> {
  const fitting = routes.filter(
    ({ pattern }) =>
      pattern.length === segments.length &&
      pattern.every((part, at) => part.startsWith(":") || part === segments[at]),
  );
  const found = fitting.find((candidate) => candidate.method === method);
  if (!found) return { allow: [...new Set(fitting.map((candidate) => candidate.method))] };
  const named = found.pattern.flatMap((part, at) =>
    part.startsWith(":") ? [[part.slice(1), segments[at] ?? ""] as const] : [],
  );
  return { run: (context) => found.handle(context, Object.fromEntries(named)) };
}
