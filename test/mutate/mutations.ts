/**
 * Mutations that tests near the code must catch, each within seconds: small changes of the product's source, as the
 * simulator's planted bugs are. Most of them no emulator and few seeds of the simulator would show. When the source changes,
 * a mutation whose text is gone is an error (test/unit/sim/planted.test.ts): write it anew.
 */
import type { Patch } from "../sim/plant.ts";
import { PLANTED } from "../sim/planted.ts";

export interface Mutation extends Patch {
  /** The test files of which one must fail. */
  readonly tests: readonly string[];
}

const mutation = (
  name: string,
  file: string,
  [find, replace]: readonly [find: string, replace: string],
  ...tests: string[]
): Mutation => ({ name, file, changes: [{ find, replace }], tests });

const IN_DOUBT = "test/unit/dispatcher/in-doubt.test.ts";
const HAND_OFF = "test/unit/dispatcher/hand-off.test.ts";
const LIVING = "test/unit/dispatcher/living-turn.test.ts";
const STOPWATCH = "test/unit/edge/stopwatch.test.ts";
const LONG_TURN = "test/unit/dispatcher/long-turn.test.ts";
const GUARD_TABLE = "test/unit/edge/guard-table.test.ts";
const REQUESTS = "test/contract/dynamo-requests.test.ts";

/** Planted bugs that no seed of the simulator catches today (`UNCAUGHT` in test/sim/planted-aims.ts says why), and the test that does. */
const UNCAUGHT_BY_SEEDS: Readonly<Record<string, string>> = {
  "what is held takes its key when its place is gone": HAND_OFF,
  "what is held before it begins takes the key of another owner": HAND_OFF,
  "what has not begun takes its key while it is paused": HAND_OFF,
  "what was passed while it waited begins with its old token": HAND_OFF,
  "a redelivered resume gets a new token, although the lock has its old one": HAND_OFF,
  "what is suspended is run by any message that looks at it": IN_DOUBT,
  "of notes that are handled together the first one vouches for all": IN_DOUBT,
  "a poke runs what has its input in its Start alone": IN_DOUBT,
  "what the mailbox gave up is resumed as if its outputs were done": IN_DOUBT,
  "how one turn has ended counts for the next owner of its key": LONG_TURN,
  "a long turn's suspension names the lane that it was begun in": LONG_TURN,
  "a long turn is let go of while it has notes that are nowhere else": LONG_TURN,
};

export const MUTATIONS: readonly Mutation[] = [
  mutation(
    "a number that the log does not have counts as its end",
    "lib/turn/recorded-commands.ts",
    ["    return issued < this.#end;", "    return this.#recorded.has(issued);"],
    "test/unit/kernel/turn.test.ts",
  ),
  mutation(
    "one may park behind a lock that was taken once more",
    "lib/model/lock.ts",
    [
      '  all(has("g", lock.nonce), has("u", lock.takenAtMs ?? handedAs(lock)));',
      '  all(has("u", lock.takenAtMs ?? handedAs(lock)));',
    ],
    "test/unit/kernel/lock.test.ts",
  ),
  mutation(
    "a lock is not taken over from an older owner",
    "lib/model/lock.ts",
    [", hasOlderOwner(me))", ")"],
    "test/unit/kernel/lock.test.ts",
  ),
  mutation(
    "what the next entry wrote is not beyond a reader",
    "lib/model/fence.ts",
    ["  fence >= fenceOf(token, length);", "  fence > fenceOf(token, length);"],
    "test/unit/kernel/fence.test.ts",
  ),
  mutation(
    "a lock is an orphan's at once",
    "runtime/dispatcher/key-lock.ts",
    ["takenAtMs > HEAD_OUTLIVES_MS", "takenAtMs >= Math.min(0, HEAD_OUTLIVES_MS)"],
    IN_DOUBT,
  ),
  mutation(
    "who is next is not woken when too little time is left",
    "runtime/dispatcher/progress.ts",
    [
      'if (typeof passed !== "string") await this.#locks.wake(passed);',
      'if (typeof passed !== "string") return "done";',
    ],
    IN_DOUBT,
  ),
  mutation(
    "who was drained and overtaken is not woken",
    "runtime/dispatcher/progress.ts",
    ["      await this.#locks.wake(owner, name);\n", ""],
    IN_DOUBT,
  ),
  mutation(
    "a lock says that a message goes to its owner, and not who sends it",
    "runtime/dispatcher/progress.ts",
    ["{ id, incarnation }, wokenBy(delivery.voucher.name));", '{ id, incarnation }, wokenBy(""));'],
    HAND_OFF,
  ),
  mutation(
    "who was handed the lock takes it once more after a second",
    "sdk/turn/turn-lock.ts",
    ["if (this.isOwn || token === undefined) return true;", "if (token === undefined) return true;"],
    HAND_OFF,
  ),
  mutation(
    "what has lost its place begins all the same",
    "runtime/dispatcher/place.ts",
    ["isNoLater(voucher.name, leftBy);", "voucher.name === leftBy && voucher.name.length < 0;"],
    HAND_OFF,
  ),
  mutation(
    "the outputs of a turn that died are not done again",
    "lib/store/last-outputs.ts",
    ["  await performOutputs(ports, subject, entries, head.lastAppend);", "  void subject; void entries;"],
    IN_DOUBT,
  ),
  mutation(
    "a note that is written while a turn suspends wakes nobody",
    "runtime/dispatcher/note-delivery.ts",
    ['      (action === "look-if-it-can" && canGoOn(added.head)) ||\n', ""],
    IN_DOUBT,
  ),
  mutation(
    "clocks differ the other way",
    "runtime/dispatcher/dispatcher.ts",
    ["acceptedAtMs - CLOCK_SKEW_MS", "acceptedAtMs + CLOCK_SKEW_MS"],
    IN_DOUBT,
  ),
  mutation(
    "clocks do not differ",
    "runtime/dispatcher/dispatcher.ts",
    ["acceptedAtMs - CLOCK_SKEW_MS", "acceptedAtMs - 0 * CLOCK_SKEW_MS"],
    IN_DOUBT,
  ),
  mutation(
    "an item is read as it was a while ago",
    "lib/aws/dynamo-items.ts",
    ["ConsistentRead: !mayLag }", "ConsistentRead: mayLag }"],
    REQUESTS,
  ),
  mutation(
    "a partition is read as it was a while ago",
    "lib/aws/dynamo-items.ts",
    ["      ...beginsWith(pk, prefix),\n      ConsistentRead: true,", "      ...beginsWith(pk, prefix),"],
    REQUESTS,
  ),
  mutation(
    "what failed on SQS's side is taken for lost",
    "runtime/aws/sqs-receipts.ts",
    ["Failed.filter((entry) => !isSenders(entry))", "Failed.filter((entry) => entry.Id === undefined)"],
    "test/contract/sqs-receipts.test.ts",
  ),
  mutation(
    "throttling is taken for lost",
    "runtime/aws/sqs-receipts.ts",
    ["SenderFault === true && !isThrottlingCode(Code)", "SenderFault === true"],
    "test/contract/sqs-receipts.test.ts",
  ),
  mutation(
    "a group unlocks from its front",
    "runtime/dispatcher/queue-keeper.ts",
    ["HIDDEN_MS + count * HIDDEN_STEP_MS", "HIDDEN_MS - count * HIDDEN_STEP_MS"],
    "test/unit/edge/queue-keeper.test.ts",
  ),
  mutation(
    "a chunk of another version is taken for this one's",
    "lib/store/state-chunks.ts",
    ['chunk?.["f"] === item["f"] && ', ""],
    "test/unit/kernel/state-chunks.test.ts",
  ),
  mutation(
    "what the mailbox refuses is taken for sent",
    "lib/store/send.ts",
    ["!refused.includes(index)", "index >= 0"],
    "test/unit/kernel/send.test.ts",
  ),
  mutation(
    "what a handler has refused is set aside after its end",
    "runtime/dispatcher/attempts.ts",
    [
      "    if (refused) await setRefusedAside(this.#ports, invocation, message);\n    const outcome = failure(code, message);\n    const head = await endAsItIs(this.#ports, invocation, outcome, retention, storedIn(turns, invocation));\n",
      "    const outcome = failure(code, message);\n    const head = await endAsItIs(this.#ports, invocation, outcome, retention, storedIn(turns, invocation));\n    if (refused) await setRefusedAside(this.#ports, invocation, message);\n",
    ],
    "test/unit/events/refused.test.ts",
  ),
  mutation(
    "a refused record that has run since is tried again",
    "runtime/events/refused.ts",
    ["  return hasFailed ? undefined :", "  return hasFailed || head ? undefined :"],
    "test/unit/events/refused.test.ts",
  ),
  mutation(
    "what somebody skips is not noted as left out",
    "runtime/events/kafka/skip.ts",
    [
      "    if (notes) await leaveOut(items, subscription, kafkaLane(subscription.source, partition), to);\n",
      "    if (notes) kafkaLane(subscription.source, partition);\n",
    ],
    "test/unit/events/skip.test.ts",
  ),
  mutation(
    "a gap is not cut where it was accepted",
    "runtime/events/marks.ts",
    ["    return withoutRange(before, first, last);", "    return before;"],
    "test/unit/events/skip.test.ts",
  ),
  mutation(
    "two change the gaps of a mark, and the later one does not look",
    "runtime/events/marks.ts",
    ["      of: [isStill(POSITION, mark.position), isStill(GAPS, showGaps(mark.gaps))],", "      of: [],"],
    "test/unit/events/skip.test.ts",
  ),
  mutation(
    "what came before the first record of a lane counts as accepted",
    "runtime/events/marks.ts",
    ["mark.position === undefined ? withGap(mark.gaps, 0n, first - 1n) : mark.gaps;", "mark.gaps;"],
    "test/unit/events/skip.test.ts",
  ),
  mutation(
    "a schedule that goes on makes the ticks of its pause",
    "runtime/dev/ticks.ts",
    ["let last = Math.max(before, resumedAtMs);", "let last = Math.max(before, resumedAtMs - resumedAtMs);"],
    "test/unit/events/ticks.test.ts",
  ),
  mutation(
    "a topic that is read takes made-up offsets",
    "runtime/admin/subscriptions-events.ts",
    [
      'if (subscription.source.scheme === "kafka" && ports.sources',
      'if (subscription.source.scheme === "s3" && ports.sources',
    ],
    "test/unit/events/status.test.ts",
  ),
  mutation(
    "a jump: the guard of a turn that came by the queue asks nobody whether the turn lives",
    "runtime/dispatcher/let-go.ts",
    [" || this.#ports.runs?.(id) === true))", "))"],
    LIVING,
  ),
  mutation(
    "a jump: the guard of a called turn asks nobody whether the turn lives",
    "runtime/dispatcher/guarded-start.ts",
    ["  if (ports.runs?.(id)) {", "  if (ports.runs?.(id) && start.accepted) {"],
    LIVING,
  ),
  mutation(
    "a jump: a poke takes over from a turn that lives",
    "runtime/dispatcher/resumption.ts",
    ['    if (resume.poke && this.#ports.runs?.(id)) return "done";\n', ""],
    LIVING,
  ),
  mutation(
    "a jump: a Start that is sent at once begins beside a turn that lives",
    "runtime/dispatcher/living-turn.ts",
    ["guard === undefined && runs?.(id) === true;", "guard !== undefined && runs?.(id) === true;"],
    LIVING,
  ),
  mutation(
    "a jump: a lock is taken from an owner whose turn lives",
    "runtime/dispatcher/key-lock.ts",
    ["    if (this.#ports.runs?.(owner.id)) return false;\n", "    void owner;\n"],
    LIVING,
  ),
  mutation(
    "a jump: a guard is set anew although a later one is named",
    "runtime/dispatcher/living-turn.ts",
    ["atMs <= head.modifiedAtMs;", "atMs < 0;"],
    LIVING,
  ),
  mutation(
    "a jump: a guard that is not named yet is left",
    "runtime/dispatcher/living-turn.ts",
    [
      "head.guard === undefined || head.guard === message.guard) return false;",
      "head.guard === message.guard) return head?.guard !== message.guard;",
    ],
    LIVING,
  ),
  mutation(
    "a jump: what vouches for a caller is set anew for ever",
    "runtime/dispatcher/living-turn.ts",
    ["  return isCallers ? message.origin === head.origin : atMs", "  return isCallers ? false : atMs"],
    LIVING,
  ),
  mutation(
    "a jump: a caller in memory waits by the clock",
    "sdk/turn/direct-calls.ts",
    ["    return stopwatchOf(this.#ports).now();", "    return this.#ports.clock.now();"],
    LIVING,
  ),
  mutation(
    "a jump: a turn has been left alone",
    "sdk/turn/turn-guard.ts",
    ["if (stopwatchOf(this.#ports).now() - this.#setOutMs", "if (this.#ports.clock.now() - this.#beganMs"],
    LIVING,
  ),
  mutation(
    "a jump: the time of a message is over",
    "runtime/dispatcher/delivery.ts",
    ["  deadlineMs - stopwatchOf(ports).now();", "  deadlineMs - ports.clock.now();"],
    LIVING,
  ),
  mutation(
    "a jump: who waits for a turn looks by the clock",
    "runtime/dispatcher/relayed-turn.ts",
    ["  const stopwatch = stopwatchOf(ports);", "  const stopwatch = ports.clock;"],
    LIVING,
  ),
  mutation(
    "a jump: a request has waited for its result",
    "runtime/ingress/result.ts",
    ["stopwatch.now() - startMs, nowMs)", "nowMs - startMs, nowMs)"],
    STOPWATCH,
  ),
  mutation(
    "a jump: the time for a batch of records is over",
    "runtime/events/source-door.ts",
    ["const stopwatch = stopwatchOf(this.#ports);", "const stopwatch = this.#ports.clock;"],
    STOPWATCH,
  ),
  mutation(
    "a jump: deduplication ids are forgotten",
    "runtime/local/mailbox.ts",
    ["const knownMs = this.#stopwatch.now();", "const knownMs = nowMs;"],
    "test/unit/local/mailbox.test.ts",
  ),
  mutation(
    "a jump: a turn at the door is known once its guard is set",
    "lib/store/door.ts",
    [
      "  begins(start.id);\n  await timers.schedule(timer);",
      "  await timers.schedule(timer);\n  begins(start.id);",
    ],
    "test/unit/ingress/door.test.ts",
  ),
  mutation(
    "a jump: of two, the file keeps the last one",
    "runtime/dev/jumps.ts",
    ["Math.max(this.#aheadMs, aheadMs)", "aheadMs"],
    "test/unit/dev/jumps.test.ts",
  ),
  mutation(
    "a jump: brokers have not answered in time",
    "runtime/events/kafka/sources.ts",
    ["stopwatchOf(this.#ports).after(KAFKA_CHECK_MS, () =>", "this.#ports.clock.after(KAFKA_CHECK_MS, () =>"],
    STOPWATCH,
  ),
  mutation(
    "a jump: interceptors have not cleaned up in time",
    "sdk/endpoint.ts",
    ["      stopwatchOf(ports),", "      ports.clock,"],
    STOPWATCH,
  ),
  mutation(
    "a kill sends the calls of what it kills again, before it kills them",
    "runtime/dispatcher/dispatcher.ts",
    ["delivery.sentAtMs, { areCallsKilled: true });", "delivery.sentAtMs);"],
    "test/unit/dispatcher/kill.test.ts",
  ),
  mutation(
    "a guard that came late into the table is in no queue",
    "lib/store/guard-table.ts",
    ["return timer.atMs - clock.now() >= GUARD_AHEAD_MS + GUARD_SETTLED_MS;", "return true;"],
    GUARD_TABLE,
  ),
  mutation(
    "passes that are late count as passes",
    "lib/store/guard-table.ts",
    ["passes && !areLate(passes, clock.now()) ? passes.untilMs", "passes ? passes.untilMs"],
    GUARD_TABLE,
  ),
  mutation(
    "what another message of the same pass has promised is taken back",
    "runtime/timers/guard-pass.ts",
    ["when: asItWas(stored) });", "});"],
    GUARD_TABLE,
  ),
  mutation(
    "passes multiply",
    "runtime/timers/guard-pass.ts",
    ["  if (number !== (stored?.number ?? 0) + 1) return;\n", ""],
    GUARD_TABLE,
  ),
  mutation(
    "a guard that cannot be read stops all passes",
    "runtime/timers/guard-pass.ts",
    ["    if (error instanceof OperationalError) throw error;\n", "    throw error;\n"],
    GUARD_TABLE,
  ),
  ...PLANTED.flatMap(({ name, file, changes }) => {
    const caughtBy = UNCAUGHT_BY_SEEDS[name];
    return caughtBy === undefined ? [] : [{ name, file, changes, tests: [caughtBy] }];
  }),
];
