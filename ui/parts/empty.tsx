/** When there is nothing to show, or it could not be loaded: says why, and what to run next. */
import type { ComponentChildren } from "preact";
import { Refusal, Unreachable } from "../admin/client.ts";
import type { Loaded } from "../admin/live.ts";
import { messageOf } from "../words/text.ts";

export const Empty = ({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
);

export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  return (
    <div class="empty" role="alert">
      <h2>{headline(error)}</h2>
      <p class="muted">{advice(error)}</p>
      {retry && (
        <button type="button" class="b" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

const FORBIDDEN = 403;
export const headline = (error: unknown): string => {
  if (error instanceof Unreachable) return "The server does not answer";
  return messageOf(error);
};
const advice = (error: unknown): string => {
  if (error instanceof Unreachable)
    return "Is it still running? It continues where it was when it is started again: nothing is lost.";
  if (error instanceof Refusal && error.status === FORBIDDEN)
    return "You may not do this with the credentials that the proxy signs with.";
  return error instanceof Refusal
    ? `The server has answered ${error.status}.`
    : "This is a fault of this page.";
};

interface ShownProps<T> {
  readonly of: Loaded<T>;
  readonly children: (data: T) => ComponentChildren;
}
/** What was loaded; before that a word of it, or why there is nothing. */
export function Shown<T>({ of: { data, error, reload }, children }: ShownProps<T>) {
  if (data !== undefined) return <>{children(data)}</>;
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  return (
    <p class="muted pad" aria-busy="true">
      Loading…
    </p>
  );
}
