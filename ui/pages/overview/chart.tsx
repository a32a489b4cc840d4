/** Ended per minute: failures hatched, on top, so that they are seen without colours. */
import type { Attention, Minute } from "../../admin/overview.ts";
import { Card } from "../../parts/card.tsx";
import { useNow } from "../../parts/now.ts";
import { visibleName } from "../../words/text.ts";
import { type Bar, type Chart, chartOf, HEIGHT, WIDTH } from "./chart.ts";

interface EndedChartProps {
  readonly minutes: readonly Minute[];
  readonly attention: readonly Attention[];
}

export function EndedChart({ minutes, attention }: EndedChartProps) {
  const chart = chartOf(minutes, attention, useNow());
  const last = minutes.at(-1);
  return (
    <Card title="Ended per minute, last hour" aside={<Key of={chart} />}>
      <div class="pad">
        <div class="row between sub num">
          <span>
            {chart.most === 0 ? "nothing yet" : `${chart.most.toLocaleString("en-GB")} a minute at most`}
          </span>
          {last && (
            <span>
              this minute {last.succeeded + last.failed}, of them {last.failed} failed
            </span>
          )}
        </div>
        <svg
          class="chart"
          viewBox={`0 0 ${WIDTH} ${HEIGHT + 4}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={chart.words}
        >
          <Hatching id="hatching" />
          <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
          {chart.bars.map((bar) => (
            <Column key={bar.x} of={bar} />
          ))}
          {chart.mark && <line class="mark" x1={chart.mark.x} x2={chart.mark.x} y1="0" y2={HEIGHT + 4} />}
        </svg>
        <div class="row between sub num">
          {chart.ticks.map((tick) => (
            <span key={tick}>{tick}</span>
          ))}
        </div>
      </div>
    </Card>
  );
}

const Column = ({ of: { x, width, succeeded, failed, title } }: { readonly of: Bar }) => (
  <g>
    <title>{title}</title>
    {/* The whole height answers the pointer. */}
    <rect class="hit" x={x} y={0} width={width} height={HEIGHT} />
    {succeeded > 0 && <rect class="ok" x={x} y={HEIGHT - succeeded} width={width} height={succeeded} />}
    {failed > 0 && (
      <rect
        class="bad"
        fill="url(#hatching)"
        x={x}
        y={HEIGHT - succeeded - failed}
        width={width}
        height={failed}
      />
    )}
  </g>
);

const Hatching = ({ id }: { readonly id: string }) => (
  <defs>
    <pattern id={id} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect class="wash" width="4" height="4" />
      <rect class="line" width="1.6" height="4" />
    </pattern>
  </defs>
);

const Key = ({ of: { mark } }: { readonly of: Chart }) => (
  <div class="key">
    <span>
      <i class="swatch" />
      succeeded
    </span>
    <span>
      <svg class="swatch chart" viewBox="0 0 12 12" aria-hidden="true">
        <Hatching id="hatching-key" />
        <rect class="bad" width="12" height="12" fill="url(#hatching-key)" />
      </svg>
      failed
    </span>
    {mark && (
      <span>
        <i class="swatch dashed" />
        {mark.at} first <bdi class="cut">“{visibleName(mark.error)}”</bdi>
      </span>
    )}
  </div>
);
