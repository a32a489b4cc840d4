/** The saved views, each with how many it has. */
import { useState } from "preact/hooks";
import { Dialog } from "../../parts/dialog.tsx";
import { useStored } from "../../parts/stored.ts";
import { to } from "../../routes.ts";
import type { Filter } from "./filter.ts";
import {
  countOf,
  isCurrent,
  OWN_VIEWS_MAX,
  ownViewsIn,
  type View,
  VIEW_NAME_CHARS_MAX,
  VIEWS,
  withView,
} from "./views.ts";

export const useOwnViews = () =>
  useStored<readonly View[]>("views", ownViewsIn, (views) => JSON.stringify(views));

interface ViewTabsProps {
  readonly own: readonly View[];
  readonly filter: Filter;
  readonly counts: Readonly<Record<string, number>> | undefined;
  /** Whether the counts can be more. */
  readonly atLeast: boolean;
}

export const ViewTabs = ({ own, filter, counts, atLeast }: ViewTabsProps) => (
  <nav class="tabs" aria-label="Views" ref={showCurrent}>
    {[...VIEWS, ...own].map((view) => (
      <a
        key={view.name}
        href={to.invocations(view.filter)}
        {...(isCurrent(view, filter) && { "aria-current": "true" as const })}
      >
        <bdi>{view.name}</bdi> <Count of={countOf(view, counts)} view={view} atLeast={atLeast} />
      </a>
    ))}
  </nav>
);

/** On a phone not all have room. */
function showCurrent(nav: HTMLElement | null): void {
  const current = nav?.querySelector<HTMLElement>("[aria-current]");
  if (nav && current) nav.scrollLeft = current.offsetLeft - (nav.clientWidth - current.offsetWidth) / 2;
}

interface CountProps {
  readonly of: number | undefined;
  readonly view: View;
  readonly atLeast: boolean;
}
const Count = ({ of, view: { hot, lately }, atLeast }: CountProps) =>
  of === undefined ? null : (
    <span
      class={hot === true && of > 0 ? "n hot" : "n"}
      {...(lately === true ? { title: "In the last hour" } : atLeast && { title: "At least" })}
    >
      {of.toLocaleString("en-GB")}
      {lately === true ? " in 1 h" : atLeast && "+"}
    </span>
  );

interface SaveViewProps {
  readonly filter: Filter;
  readonly own: readonly View[];
  readonly onSave: (views: readonly View[]) => void;
  readonly onClose: () => void;
}
/** Names the filter that is on, or forgets what was named. */
export function SaveView({ filter, own, onSave, onClose }: SaveViewProps) {
  const [name, setName] = useState(own.find((view) => isCurrent(view, filter))?.name ?? "");
  const isReady = name.trim() !== "" && !VIEWS.some((view) => view.name === name.trim());
  const save = (): void => {
    onSave(withView(own, { name, filter }));
    onClose();
  };
  return (
    <Dialog
      title="Views"
      onClose={onClose}
      footer={
        <button type="button" class="b p" disabled={!isReady} onClick={save}>
          Save this filter
        </button>
      }
    >
      <label class="field">
        <span class="lab">Name</span>
        <input
          value={name}
          maxLength={VIEW_NAME_CHARS_MAX}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && isReady) save();
          }}
        />
        <span class="hint">
          This browser keeps it, up to {OWN_VIEWS_MAX}. To share a view, send its address: it has the whole
          filter.
        </span>
      </label>
      {own.length > 0 && (
        <ul class="own-views">
          {own.map((view) => (
            <li key={view.name} class="row between">
              <a href={to.invocations(view.filter)} onClick={onClose}>
                <bdi>{view.name}</bdi>
              </a>
              <button
                type="button"
                class="b q sm"
                aria-label={`Forget ${view.name}`}
                onClick={() => onSave(own.filter((one) => one !== view))}
              >
                Forget
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
