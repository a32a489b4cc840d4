/** Above what was loaded and cannot be loaded again: how old it is, and what to do. */
import type { Loaded } from "../admin/live.ts";
import { duration } from "../words/time.ts";
import { headline } from "./empty.tsx";
import { Icon } from "./icon.tsx";
import { useNow } from "./now.ts";

export function Stale({ of: { data, error, atMs, reload } }: { readonly of: Loaded<unknown> }) {
  // It ticks.
  useNow();
  if (data === undefined || error === undefined) return null;
  return (
    <section class="alert a-fail" role="alert">
      <div class="pad row wrap">
        <Icon name="warn" />
        <p class="grow">
          <b>{headline(error)}.</b> What you see is {duration(Math.max(0, Date.now() - atMs))} old. Nothing is
          lost: it continues where it was.
        </p>
        <button type="button" class="b sm" onClick={reload}>
          Try now
        </button>
      </div>
    </section>
  );
}
