/**
 * The time axis. It is linear in pieces: a stretch in which nothing runs shrinks to a band that says its length, so that a step
 * of 80 ms and a sleep of three days can be seen in one picture. What lies between two bands is to scale within itself.
 */

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Band extends Span {
  /** The same at every load. */
  readonly key: string;
  /** In percent of the track. */
  readonly left: number;
  readonly width: number;
}

interface Segment extends Span {
  readonly left: number;
  readonly width: number;
}

export interface Axis extends Span {
  /** Stretches to scale, and the bands between them, from left to right without a gap. */
  readonly segments: readonly Segment[];
  readonly bands: readonly Band[];
  /** Percent of the track. What lies outside stands at an end. */
  readonly at: (ms: number) => number;
  readonly msAt: (percent: number) => number;
}

export interface AxisInput extends Span {
  /** While one of these lasts, something runs. Instants count: they must not vanish in a band. */
  readonly busy: readonly Span[];
  /** Somebody else runs for it, as during a call: shrinks only if it takes nearly all. */
  readonly lent: readonly Span[];
  /** Bands that are drawn to scale. */
  readonly toScale: ReadonlySet<string>;
  /** Percent that stay free at the right: it goes on. */
  readonly endRoom?: number;
}

/** A stretch without anything is a band if it is longer than this part of the whole, */
const BAND_SHARE = 0.05;
/** and than this. */
const BAND_MS_MIN = 1000;
/** During a call: than this part. */
const LENT_SHARE = 0.5;
/** Within what bands have left over: than this part of the stretch. */
const INNER_SHARE = 0.6;
const BANDS_MAX = 6;
/** Percent of the track that bands take: each, and all. Their lengths must have room above them. */
const BAND_WIDTH = 14;
const BANDS_WIDTH_MAX = 36;
/** How much a stretch's length counts beside what happens in it, and the least that it counts. */
const LENGTH_POWER = 0.2;
const LENGTH_MIN = 0.3;
/** Percent beside a band, so that a bar's end can be seen. */
const MARGIN = 1.2;
/** Percent of the track for a moment between two bands, and how long it may last, in parts of the longest stretch. */
const INSTANT_WIDTH = 2.5;
const INSTANT_SHARE = 1 / 200;

export function axisOf({ fromMs, toMs, busy, lent, toScale, endRoom = 0 }: AxisInput): Axis {
  const whole: Span = { fromMs, toMs: Math.max(fromMs + 1, toMs) };
  const gaps = bandsIn(whole, busy, lent)
    .filter((gap) => !toScale.has(keyOf(gap)))
    .toSorted((a, b) => a.fromMs - b.fromMs);
  return placed(whole, gaps, busy, endRoom);
}

const keyOf = ({ fromMs }: Span): string => String(Math.round(fromMs));
const lengthOf = ({ fromMs, toMs }: Span): number => toMs - fromMs;

function bandsIn(whole: Span, busy: readonly Span[], lent: readonly Span[]): readonly Span[] {
  const idle = gapsBetween(whole, [...busy, ...lent]).filter(
    (gap) => lengthOf(gap) > BAND_SHARE * lengthOf(whole),
  );
  const called = gapsBetween(whole, busy).filter(
    (gap) => lengthOf(gap) > LENT_SHARE * lengthOf(whole) && !idle.some((other) => overlap(gap, other)),
  );
  const first = longest([...idle, ...called]);
  // A sleep of ten minutes vanishes beside one of a month. So what is left is looked at once more.
  const inner = stretchesBetween(whole, first).flatMap((stretch) =>
    gapsBetween(stretch, busy).filter((gap) => lengthOf(gap) > INNER_SHARE * lengthOf(stretch)),
  );
  return first.length === 0 ? [] : longest([...first, ...inner]);
}

const longest = (gaps: readonly Span[]): readonly Span[] =>
  gaps
    .filter((gap) => lengthOf(gap) >= BAND_MS_MIN)
    .toSorted((a, b) => lengthOf(b) - lengthOf(a))
    .slice(0, BANDS_MAX);

const overlap = (a: Span, b: Span): boolean => a.fromMs < b.toMs && b.fromMs < a.toMs;

/** The parts of the whole that none of the spans covers. */
export function gapsBetween({ fromMs, toMs }: Span, spans: readonly Span[]): readonly Span[] {
  const gaps: Span[] = [];
  let at = fromMs;
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const begin = Math.min(span.fromMs, toMs);
    if (begin > at) gaps.push({ fromMs: at, toMs: begin });
    at = Math.max(at, Math.min(span.toMs, toMs));
  }
  if (at < toMs) gaps.push({ fromMs: at, toMs });
  return gaps;
}

function stretchesBetween({ fromMs, toMs }: Span, gaps: readonly Span[]): readonly Span[] {
  const stretches: Span[] = [];
  let at = fromMs;
  for (const gap of gaps.toSorted((a, b) => a.fromMs - b.fromMs)) {
    stretches.push({ fromMs: at, toMs: gap.fromMs });
    at = gap.toMs;
  }
  return [...stretches, { fromMs: at, toMs }].filter((stretch) => lengthOf(stretch) > 0);
}

function placed(whole: Span, gaps: readonly Span[], busy: readonly Span[], endRoom: number): Axis {
  const stretches: Span[] = [];
  let at = whole.fromMs;
  for (const gap of gaps) {
    stretches.push({ fromMs: at, toMs: gap.fromMs });
    at = gap.toMs;
  }
  stretches.push({ fromMs: at, toMs: whole.toMs });
  const { bandWidth, widths } = widthsOf(stretches, gaps.length, busy, 100 - endRoom);
  const segments: Segment[] = [];
  const bands: Band[] = [];
  let left = 0;
  for (const [index, stretch] of stretches.entries()) {
    const width = widths[index] ?? 0;
    segments.push({ ...stretch, left, width });
    left += width;
    const gap = gaps[index];
    if (gap === undefined) continue;
    segments.push({ ...gap, left, width: bandWidth });
    const room = Math.min(MARGIN, bandWidth / 4);
    bands.push({ ...gap, key: keyOf(gap), left: left + room, width: bandWidth - 2 * room });
    left += bandWidth;
  }
  return { ...whole, segments, bands, at: placing(segments), msAt: timing(segments) };
}

interface Widths {
  readonly bandWidth: number;
  readonly widths: readonly number[];
}

/** How much room a stretch gets beside others: by how much happens in it, and only a little by how long it takes. */
function widthsOf(stretches: readonly Span[], bands: number, busy: readonly Span[], total: number): Widths {
  const happened = ({ fromMs, toMs }: Span): number =>
    busy.filter((span) => span.fromMs <= toMs && span.toMs >= fromMs).length;
  const longestMs = Math.max(...stretches.map(lengthOf));
  const isInstant = (stretch: Span): boolean => lengthOf(stretch) <= longestMs * INSTANT_SHARE;
  const instants = stretches.map((stretch) =>
    isInstant(stretch) && happened(stretch) > 0 ? INSTANT_WIDTH : 0,
  );
  const weights = stretches.map((stretch) =>
    isInstant(stretch)
      ? 0
      : (1 + Math.log2(1 + happened(stretch))) *
        Math.max(LENGTH_MIN, (lengthOf(stretch) / longestMs) ** LENGTH_POWER),
  );
  const left = total - sumOf(instants);
  const sum = sumOf(weights);
  // Nothing runs at all: the bands have all the room.
  if (sum === 0) return { bandWidth: bands === 0 ? 0 : left / bands, widths: instants };
  const bandWidth = bands === 0 ? 0 : Math.min(BAND_WIDTH, BANDS_WIDTH_MAX / bands);
  const share = (left - bandWidth * bands) / sum;
  return { bandWidth, widths: instants.map((width, index) => width + share * (weights[index] ?? 0)) };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const placing =
  (segments: readonly Segment[]) =>
  (ms: number): number => {
    for (const { fromMs, toMs, left, width } of segments) {
      if (ms > toMs) continue;
      const length = toMs - fromMs;
      return length <= 0 ? left + width / 2 : left + (Math.max(0, ms - fromMs) / length) * width;
    }
    return 100;
  };

const timing =
  (segments: readonly Segment[]) =>
  (percent: number): number => {
    for (const { fromMs, toMs, left, width } of segments) {
      if (percent > left + width || width <= 0) continue;
      return fromMs + (Math.max(0, percent - left) / width) * (toMs - fromMs);
    }
    return segments.at(-1)?.toMs ?? 0;
  };
