/**
 * Measurements in log lines, where CloudWatch finds them (embedded metric format). One line has everything that was measured
 * between two flushes. It needs no request. A line of half a kilobyte costs a quarter of a cent per ten thousand.
 */
import {
  MAILBOX_DIMENSION,
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  type Metric,
  METRICS,
} from "../../lib/metrics.ts";
import type { Clock, Meter } from "../../lib/ports.ts";
import { METRIC_CALLS_MAX, METRIC_PAUSE_MS, METRIC_VALUES_MAX } from "../../lib/limits/aws.ts";

export class EmfMeter implements Meter {
  readonly #runtime: string | undefined;
  readonly #clock: Pick<Clock, "now">;
  readonly #write: (line: string) => void;
  readonly #counts = new Map<Metric, number>();
  readonly #values = new Map<Metric, number[]>();
  #calls = 0;
  #flushedMs = 0;

  /** Without the name of a runtime, nothing is written. */
  constructor(
    runtime: string | undefined,
    clock: Pick<Clock, "now">,
    write: (line: string) => void = toStdout,
  ) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#write = write;
  }

  measure(metric: Metric, value?: number): void {
    if (value === undefined) {
      this.#counts.set(metric, (this.#counts.get(metric) ?? 0) + 1);
      return;
    }
    const values = this.#values.get(metric) ?? [];
    this.#values.set(metric, values);
    // If not all fit, the largest ones say more than the latest.
    if (values.length < METRIC_VALUES_MAX) values.push(value);
    else values[values.indexOf(Math.min(...values))] = Math.max(value, Math.min(...values));
  }

  /** At the end of a call. Calls that follow each other closely share a line: at load that is a tenth of the price. What an alarm
   * watches is written at once. */
  callEnded(): void {
    this.#calls++;
    const isDue = this.#clock.now() - this.#flushedMs >= METRIC_PAUSE_MS || this.#calls >= METRIC_CALLS_MAX;
    if (isDue || this.#counts.has("ingressFaults") || this.#counts.has("throttled")) this.flush();
  }

  /** Writes what was measured since the last flush, if anything was. `mailbox`: of which service's own, for what concerns its queue. */
  flush(mailbox?: string): void {
    const measured = { ...Object.fromEntries(this.#counts), ...Object.fromEntries(this.#values) };
    this.#counts.clear();
    this.#values.clear();
    this.#calls = 0;
    this.#flushedMs = this.#clock.now();
    const metrics = Object.keys(measured) as Metric[];
    if (metrics.length === 0 || this.#runtime === undefined || this.#runtime === "") return;
    const ofQueue = metrics.filter((metric) => mailbox !== undefined && metric === "comesAgainAge");
    const ofRuntime = metrics.filter((metric) => !ofQueue.includes(metric));
    const named = metrics.map((metric) => [METRICS[metric].name, measured[metric]] as const);
    const line = {
      _aws: {
        Timestamp: this.#clock.now(),
        CloudWatchMetrics: [
          ...directive([METRIC_DIMENSION], ofRuntime),
          ...directive([METRIC_DIMENSION, MAILBOX_DIMENSION], ofQueue),
        ],
      },
      [METRIC_DIMENSION]: this.#runtime,
      ...(ofQueue.length > 0 ? { [MAILBOX_DIMENSION]: mailbox } : {}),
      ...Object.fromEntries(named),
    };
    this.#write(`${JSON.stringify(line)}\n`);
  }
}

function directive(dimensions: readonly string[], metrics: readonly Metric[]): object[] {
  if (metrics.length === 0) return [];
  const definitions = metrics.map((metric) => ({ Name: METRICS[metric].name, Unit: METRICS[metric].unit }));
  return [{ Namespace: METRIC_NAMESPACE, Dimensions: [dimensions], Metrics: definitions }];
}

const toStdout = (line: string): void => void process.stdout.write(line);
