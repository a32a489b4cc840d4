/** How much is tried. Of an emulator on one machine less is asked: it shows that the steps work, and no figure of it counts. */
export interface Scale {
  /** An emulator starts a process for each. */
  readonly requestsAtOnce: number;
  /** Whether the groups of the conformance step run side by side. */
  readonly sideBySide: boolean;
  /** How long CloudWatch is waited for. */
  readonly metricsMs: number;
  /** Log lines arrive so much later. */
  readonly logsMs: number;
  /** After a deployment, until no dispatcher and no ingress uses what it knew of the registry before. An emulator is tried at once, as clients do. */
  readonly registryMs: number;
  readonly orderSends: number;
  readonly orderKeys: number;
  readonly sendsPerKey: number;
  readonly payloadMb: number;
  readonly hops: number;
  readonly timers: number;
  readonly timerSecondsMax: number;
  /** Sleeps that go by EventBridge Scheduler. */
  readonly farTimers: number;
  readonly farTimerMs: number;
  readonly longTurnMs: number;
  readonly freezePausesS: readonly number[];
  readonly calls: number;
  readonly longCalls: number;
  readonly coldStarts: number;
  readonly throughputSends: number;
  readonly throughputKeys: number;
  readonly suspended: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const ON_AWS: Scale = {
  requestsAtOnce: 500,
  sideBySide: true,
  metricsMs: 6 * MINUTE,
  logsMs: 20 * SECOND,
  registryMs: 15 * SECOND,
  orderSends: 200,
  orderKeys: 50,
  sendsPerKey: 20,
  payloadMb: 4,
  hops: 40,
  timers: 60,
  timerSecondsMax: 14,
  farTimers: 3,
  farTimerMs: 75 * SECOND,
  longTurnMs: 40 * SECOND,
  freezePausesS: [1, 2, 5, 10, 15, 30, 45],
  calls: 200,
  longCalls: 50,
  coldStarts: 20,
  throughputSends: 2000,
  throughputKeys: 500,
  suspended: 20,
};

const SLOWLY: Partial<Scale> = {
  farTimerMs: 16 * MINUTE,
  freezePausesS: [1, 2, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360],
};

const ON_AN_EMULATOR: Partial<Scale> = {
  requestsAtOnce: 3,
  sideBySide: false,
  metricsMs: 5 * SECOND,
  logsMs: 0,
  registryMs: 0,
  orderSends: 16,
  orderKeys: 4,
  sendsPerKey: 3,
  hops: 6,
  timers: 6,
  timerSecondsMax: 6,
  // Longer than those that the delay queue takes (stack/app.ts).
  farTimerMs: 24 * SECOND,
  longTurnMs: 12 * SECOND,
  freezePausesS: [1, 2],
  calls: 10,
  longCalls: 3,
  coldStarts: 1,
  throughputSends: 20,
  throughputKeys: 8,
  suspended: 3,
};

export const scaleOf = (isEmulator: boolean, slow: boolean): Scale => ({
  ...ON_AWS,
  ...(slow ? SLOWLY : {}),
  ...(isEmulator ? ON_AN_EMULATOR : {}),
});
