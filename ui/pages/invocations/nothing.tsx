/** A list without rows: why, and what to do about it. */
import { useServices } from "../../admin/services.ts";
import { Empty } from "../../parts/empty.tsx";
import { to } from "../../routes.ts";
import { shortId, visibleName } from "../../words/text.ts";
import { FirstMinute } from "../overview/first-minute.tsx";
import { chipsOf } from "./chips.ts";
import { type Filter, without } from "./filter.ts";
import { emptinessOf } from "./list-words.ts";
import type { List } from "./load.ts";
import { nearest } from "./typing.ts";

interface NothingProps {
  readonly list: List;
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
  readonly onScan: () => void;
}

export function Nothing({ list, filter, onChange, onScan }: NothingProps) {
  switch (emptinessOf(list, filter)) {
    case "nothing-yet":
      return <FirstMinute />;
    case "unknown-id":
      return <UnknownId id={filter["id"] ?? ""} />;
    case "all-well":
      return (
        <Empty title="Nothing needs you.">
          <p>None is paused, and none is being retried.</p>
          <p>
            <a class="b" href={to.invocations({ status: "open" })}>
              See what is in flight
            </a>
          </p>
        </Empty>
      );
    case "not-covered":
      return (
        <Empty title="Ended invocations have no index here.">
          <p>
            Only a look at all that is kept can find them. It reads about 77 units for each 1,000 invocations:
            a cent for a million. The stack’s option “listing” keeps an index of those to come.
          </p>
          <button type="button" class="b p" onClick={onScan}>
            Look at all that is kept
          </button>
        </Empty>
      );
    case "no-match":
      return <NoMatch filter={filter} onChange={onChange} />;
  }
}

const UnknownId = ({ id }: { readonly id: string }) => (
  <Empty title={`There is no invocation ${visibleName(shortId(id))}`}>
    <p>
      It was never accepted, or its retention has passed. Its last characters may be missing: compare it with
      where it comes from.
    </p>
    <p>
      <a class="b" href={to.invocations()}>
        See all invocations
      </a>
    </p>
  </Empty>
);

function NoMatch({ filter, onChange }: Pick<NothingProps, "filter" | "onChange">) {
  const services = useServices().data ?? [];
  const { service, handler } = filter;
  const names = services.map(({ name }) => name);
  const handlers = services.flatMap((one) => one.handlers.map(({ name }) => name));
  const meant = [
    ["service", service, names],
    ["handler", handler, handlers],
  ] as const;
  const offers = meant.flatMap(([field, value, known]) => {
    if (value === undefined || known.includes(value)) return [];
    const near = nearest(value, known);
    return near === undefined ? [] : [{ field, near }];
  });
  return (
    <Empty title="No invocation matches this filter.">
      {offers.map(({ field, near }) => (
        <p key={field}>
          No {field} has this name. Did you mean{" "}
          <button type="button" class="textual" onClick={() => onChange({ ...filter, [field]: near })}>
            {visibleName(near)}
          </button>
          ?
        </p>
      ))}
      {offers.length === 0 && (
        <p class="muted">What has ended is kept for its retention only: something may have matched before.</p>
      )}
      <p class="row wrap">
        {chipsOf(filter).map(({ field, name, value }) => (
          <button key={field} type="button" class="b" onClick={() => onChange(without(filter, field))}>
            <span class="cut">
              Remove “{name} {visibleName(value)}”
            </span>
          </button>
        ))}
        <button type="button" class="b q" onClick={() => onChange({})}>
          Remove all
        </button>
      </p>
    </Empty>
  );
}
