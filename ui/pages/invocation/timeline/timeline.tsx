/** The timeline: what happened when, what was between, and what is due. layout.ts says what stands where. */
import { useEffect, useRef, useState } from "preact/hooks";
import { targetText } from "../../../parts/names.tsx";
import { duration } from "../../../words/time.ts";
import type { Ask } from "../ask-dialogs.tsx";
import { useChild } from "../data.ts";
import { hasTimes } from "../model/operations.ts";
import type { Story } from "../model/story.ts";
import type { Band } from "./axis.ts";
import { Detail } from "./detail.tsx";
import type { Layout, PlacedRow } from "./layout.ts";
import { Legend } from "./legend.tsx";
import type { Child, Row } from "./row.ts";
import { TimelineRow } from "./row-view.tsx";
import { useTimeline } from "./use-timeline.ts";

interface TimelineProps {
  readonly story: Story;
  readonly onAsk: (ask: Ask) => void;
  /** Loads more of the journal. */
  readonly onMore: () => void;
}

export function Timeline({ story, onAsk, onMore }: TimelineProps) {
  const grid = useRef<HTMLDivElement>(null);
  const [children, setChildren] = useState<ReadonlyMap<string, Child>>(new Map());
  const state = useTimeline(story, children, grid);
  const { layout, shown, view, current, detail } = state;
  const { rows } = state;
  const rowOf = (target: EventTarget | null): Row | undefined => {
    const element =
      target instanceof Element && !target.closest("a, button") ? target.closest("[data-key]") : null;
    return element === null ? undefined : rows.find(({ key }) => key === element.getAttribute("data-key"));
  };
  return (
    <section class="card" aria-label="Timeline">
      <header>
        <h2 class="grow">Timeline</h2>
        <Switches view={view} onView={state.setView} onZoom={state.change} onFit={state.fit} />
      </header>
      <div
        class={shown.isLong ? "tl long" : "tl"}
        role="treegrid"
        tabIndex={-1}
        aria-label={`Timeline of ${targetText(story.invocation.target)}`}
        aria-rowcount={rows.length}
        ref={grid}
        onKeyDown={state.onKey}
        onClick={(event) => {
          const row = rowOf(event.target);
          if (row) state.select(row);
        }}
      >
        <div class="tl-in" role="rowgroup">
          <Over layout={layout} onScale={state.scale} />
          <Axis layout={layout} />
          {shown.before > 0 && <div style={{ height: `${shown.before}px` }} />}
          {layout.rows.map((row, index) => (
            <Entry
              key={row.key}
              row={row}
              number={shown.from + index + 1}
              isCurrent={row.key === current || (current === "" && shown.from + index === 0)}
              isOpen={row.key === detail}
              onFold={() => state.fold(row, !row.isExpanded)}
              onAsk={onAsk}
            />
          ))}
          {shown.after > 0 && <div style={{ height: `${shown.after}px` }} />}
        </div>
      </div>
      {story.entriesLeft > 0 && (
        <p class="pad row wrap">
          <button type="button" class="b sm" onClick={onMore}>
            Load more
          </button>
          <span class="sub">
            {story.entriesLeft.toLocaleString("en-GB")} entries of its journal are not loaded.
          </span>
        </p>
      )}
      {!hasTimes(story.operations) && story.operations.length > 0 && (
        <p class="pad sub">
          Of its operations only the order is known: it was recorded by a version that kept no times of steps.
        </p>
      )}
      <Legend />
      {childrenOf(rows).map((id) => (
        <ChildLoader key={id} id={id} onLoad={(child) => setChildren((old) => new Map(old).set(id, child))} />
      ))}
    </section>
  );
}

interface SwitchesProps {
  readonly view: "operations" | "turns";
  readonly onView: (view: "operations" | "turns") => void;
  readonly onZoom: (by: number) => void;
  readonly onFit: () => void;
}

const Switches = ({ view, onView, onZoom, onFit }: SwitchesProps) => (
  <>
    <div class="seg" role="group" aria-label="Rows">
      <button type="button" aria-pressed={view === "operations"} onClick={() => onView("operations")}>
        Operations
      </button>
      <button type="button" aria-pressed={view === "turns"} onClick={() => onView("turns")}>
        Every turn
      </button>
    </div>
    <div class="seg only-wide" role="group" aria-label="Zoom">
      <button type="button" aria-label="Zoom out" title="−" onClick={() => onZoom(-1)}>
        −
      </button>
      <button type="button" title="0" onClick={onFit}>
        Fit
      </button>
      <button type="button" aria-label="Zoom in" title="+" onClick={() => onZoom(1)}>
        +
      </button>
    </div>
  </>
);

interface EntryProps {
  readonly row: PlacedRow;
  readonly number: number;
  readonly isCurrent: boolean;
  readonly isOpen: boolean;
  readonly onFold: () => void;
  readonly onAsk: (ask: Ask) => void;
}
const Entry = ({ onAsk, ...rest }: EntryProps) => (
  <>
    <TimelineRow {...rest} />
    {rest.isOpen && <Detail row={rest.row} onAsk={onAsk} />}
  </>
);

const childrenOf = (rows: readonly Row[]): readonly string[] => [
  ...new Set(
    rows.flatMap(({ isExpanded, invocationId }) => (isExpanded && invocationId ? [invocationId] : [])),
  ),
];

/** Draws nothing: an opened call's invocation is asked for as long as it is here. */
function ChildLoader({ id, onLoad }: { readonly id: string; readonly onLoad: (child: Child) => void }) {
  const { data } = useChild(id);
  const told = useRef<Child | undefined>(undefined);
  useEffect(() => {
    if (data === undefined || data === told.current) return;
    told.current = data;
    onLoad(data);
  }, [data, onLoad]);
  return null;
}

function Over({ layout, onScale }: { readonly layout: Layout; readonly onScale: (key: string) => void }) {
  const { bands, now } = layout;
  return (
    <div class="tl-over" role="presentation">
      {bands.map((band) => (
        <div key={band.key} class="brk" style={{ left: `${band.left}%`, width: `${band.width}%` }}>
          <BandButton band={band} onScale={onScale} />
        </div>
      ))}
      {now !== undefined && (
        <div class={now > 94 ? "now edge" : "now"} style={{ left: `${now}%` }}>
          <b>now</b>
        </div>
      )}
    </div>
  );
}

function BandButton({ band, onScale }: { readonly band: Band; readonly onScale: (key: string) => void }) {
  const length = duration(band.toMs - band.fromMs);
  return (
    <button
      type="button"
      tabIndex={-1}
      title={`Nothing runs for ${length}. Click to draw it to scale; Fit shrinks it again.`}
      onClick={() => onScale(band.key)}
    >
      {length}
    </button>
  );
}

const Axis = ({ layout: { ticks } }: { readonly layout: Layout }) => (
  <div class="tl-axis" aria-hidden="true">
    <div class="l">from acceptance</div>
    <div class="track">
      {ticks.map(({ percent, text }) => (
        <span key={text} class={text === "0" ? "first" : undefined} style={{ left: `${percent}%` }}>
          {text}
        </span>
      ))}
    </div>
  </div>
);
