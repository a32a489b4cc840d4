/** A straight line through measurements, by least squares. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Slope {
  readonly perX: number;
  /** One standard error. Infinite for fewer than three points. */
  readonly error: number;
}

export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / Math.max(count, 1);
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  if (spread === 0) return { perX: 0, error: Number.POSITIVE_INFINITY };
  const perX = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
  if (count < 3) return { perX, error: Number.POSITIVE_INFINITY };
  const residual = points.reduce((sum, point) => sum + (point.y - y - perX * (point.x - x)) ** 2, 0);
  return { perX, error: Math.sqrt(residual / (count - 2) / spread) };
}
