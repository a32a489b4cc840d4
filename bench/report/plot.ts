/** Line charts as SVG text. That needs no package, and a diff shows what has changed. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}
export interface Axis {
  readonly label: string;
  /** Default: linear from zero. */
  readonly scale?: "log";
}
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

const [WIDTH, HEIGHT] = [640, 400];
const MARGIN = { left: 76, right: 20, top: 44, bottom: 56 };
/** Lines also differ without colours: see `DASHES`. */
const COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#8250df", "#9a6700"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 4"];

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

export function drawChart({ title, x, y, series }: Chart): string {
  const points = series.flatMap((each) => each.points);
  const across = scaleOf(
    x,
    points.map(([value]) => value),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const grid = [
    ...across.ticks.map((tick) => {
      const at = round(across.at(tick));
      return `${line(at, MARGIN.top, at, HEIGHT - MARGIN.bottom)}${text(at, HEIGHT - MARGIN.bottom + 18, "middle", short(tick))}`;
    }),
    ...up.ticks.map((tick) => {
      const at = round(up.at(tick));
      return `${line(MARGIN.left, at, WIDTH - MARGIN.right, at)}${text(MARGIN.left - 8, at + 4, "end", short(tick))}`;
    }),
  ];
  const labels = [
    text(WIDTH / 2, 20, "middle", title, 'font-weight="bold"'),
    text(WIDTH / 2, HEIGHT - 12, "middle", x.label),
    `<g transform="translate(16 ${HEIGHT / 2}) rotate(-90)">${text(0, 0, "middle", y.label)}</g>`,
  ];
  const lines = series.map((each, index) => seriesOf(each, index, across, up));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...grid,
    ...labels,
    ...lines,
    "</svg>\n",
  ].join("\n");
}

function seriesOf({ name, points }: Series, index: number, across: Scale, up: Scale): string {
  const colour = COLOURS[index % COLOURS.length] ?? "#000000";
  const dash = DASHES[index % DASHES.length] ?? "";
  const places = points.map(([x, y]) => [round(across.at(x)), round(up.at(y))] as const);
  const path = places.map((place) => place.join(",")).join(" ");
  const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join("");
  const legend = MARGIN.top + 14 + 16 * index;
  const stroke = `stroke="${colour}" stroke-width="2"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
  return [
    `<polyline points="${path}" fill="none" ${stroke}/>${dots}`,
    `<line x1="${MARGIN.left + 10}" y1="${legend - 4}" x2="${MARGIN.left + 38}" y2="${legend - 4}" ${stroke}/>`,
    text(MARGIN.left + 44, legend, "start", name),
  ].join("\n");
}

function scaleOf({ scale }: Axis, values: readonly number[], from: number, to: number): Scale {
  if (scale === "log") {
    const positive = values.filter((value) => value > 0);
    const low = Math.floor(Math.log10(Math.min(...positive)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive))));
    const at = (value: number): number => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
    return { at, ticks: Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)) };
  }
  const step = niceStep(Math.max(...values, 1e-9) / 5);
  const high = Math.ceil(Math.max(...values, 1e-9) / step) * step;
  const at = (value: number): number => from + (value / high) * (to - from);
  return { at, ticks: Array.from({ length: Math.round(high / step) + 1 }, (_, n) => n * step) };
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#d0d7de"/>`;
const text = (x: number, y: number, anchor: string, content: string, more = ""): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="#24292f"${more === "" ? "" : ` ${more}`}>${escaped(content)}</text>`;
const escaped = (content: string): string => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1e3) return `${value / 1e3}k`;
  return String(Number(value.toPrecision(3)));
}
