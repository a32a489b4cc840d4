/**
 * Planted bugs: changes of the product's source that ordinary tests may let pass. The simulator must catch each one
 * within its number of seeds. A bug whose text is not in the file exactly once counts as missed.
 *
 * `COUNTEREXAMPLES` break the rules of docs/protocol.md, one or two each. Several rules cover for each other, so
 * breaking one alone does not always show. Then the bug changes more than one place.
 */
import { bug, type Planted } from "./plant.ts";
import { AIMS } from "./planted-aims.ts";
import { OF_BOUNDS } from "./planted-bounds.ts";
import { OF_CALLS, OF_DOORS, OF_TIMERS } from "./planted-doors.ts";
import { OF_GUARD_TABLE } from "./planted-guard-table.ts";
import { OF_LONG_TURNS } from "./planted-long-turns.ts";
import { OF_OWN_MAILBOXES } from "./planted-own-mailboxes.ts";
import { OF_PEOPLE } from "./planted-people.ts";
import { OF_SECRETS } from "./planted-secrets.ts";
import { OF_SOURCES } from "./planted-sources.ts";
import { OF_TRANSACTIONS } from "./planted-transactions.ts";

const COUNTEREXAMPLES: readonly Planted[] = [
  bug("state is written before the append that contains it", "sdk/turn/turn-writer.ts", 1000, [
    "? await this.#complete(prepared.entries, outcome)",
    "? (await this.#perform(prepared.entries, this.#journal.length), await this.#complete(prepared.entries, outcome))",
  ]),
  bug(
    "the state of a dead or killed turn's last append is left to its zombie",
    "lib/store/outputs.ts",
    1000,
    [
      "  if (!subject.stateIsWritten) await writeStateOf(ports, subject, entries, position);",
      "  if (!subject.again) await writeStateOf(ports, subject, entries, position);",
    ],
  ),
  bug("the suspension is appended before the lock is taken", "sdk/turn/turn-writer.ts", 2000, [
    `    if (!(await this.#lock.take())) return lost(LATER_OWNER.reason);
    const result = await this.#write(entries, this.#turn.taken, { kind: "suspended", wait: stored });`,
    `    const result = await this.#write(entries, this.#turn.taken, { kind: "suspended", wait: stored });
    if (!(await this.#lock.take())) return lost(LATER_OWNER.reason);`,
  ]),
  bug("a turn that lost an append goes on to the next message", "runtime/dispatcher/progress.ts", 1000, [
    'if (stored?.head.status !== "completed") return "retry";',
    'if (stored?.head.status !== "completed") return "done";',
  ]),
  bug(
    "a hand-off whose message was never sent is not sent again",
    "runtime/dispatcher/handed-over.ts",
    2000,
    ["if (isWoken || (isPending && inDoubt)) return isPending;", "if (isWoken || isPending) return false;"],
  ),
  bug("a wake that finds its owner ended passes nothing on", "lib/model/status-table.ts", 4000, [
    'row("leave",        "leave",     "run",       "run",       "leave",              "leave",        "leave",     "pass-on"),',
    'row("leave",        "leave",     "run",       "run",       "leave",              "leave",        "leave",     "leave"),',
  ]),
  bug("what ran under a message that died is not looked after", "runtime/dispatcher/handed-over.ts", 4000, [
    "return handedBy === undefined || isOfThese(handedBy, delivery) || isHandedBy(lock, voucher.of);",
    "return false;",
  ]),
  bug("a newcomer wakes an owner that has been woken", "runtime/dispatcher/key-lock.ts", 4000, [
    "if (so.inDoubt && isUntold(lock, owner.head, delivery)) {",
    "if (isUntold(lock, owner.head, { ...delivery, inDoubt: true })) {",
  ]),
  bug("an owner that runs under another message is woken", "runtime/dispatcher/key-lock.ts", 4000, [
    "if (isUntold(lock, owner.head, delivery)) await this.wake(lock.owner, actedFor(lock, delivery));",
    "await this.wake(lock.owner, actedFor(lock, delivery));",
  ]),
  bug("what a turn sends last is sent after it has answered", "sdk/turn/turn-writer.ts", 500, [
    "if (this.#turn.cancelsCalls || this.#turn.pending(true).some(isSeen)) {",
    "if (this.#turn.pending(true).length < 0) {",
  ]),
  bug("what has ended an invocation does not look who has its key", "runtime/dispatcher/progress.ts", 4000, [
    'hasEnded || delivery.inDoubt || passed === "moved"',
    "delivery.inDoubt && false",
  ]),
  bug(
    "what has not ended the owner says that the next one runs under it",
    "runtime/dispatcher/progress.ts",
    2000,
    ["{ id, incarnation }, wokenBy(delivery.voucher.name));", "{ id, incarnation }, delivery.voucher.name);"],
    [
      'if (typeof passed !== "string") await this.#locks.wake(passed);',
      'if (typeof passed !== "string") return { owner: passed, target };',
    ],
  ),
  bug(
    "a lock that a zombie has left with an owner that has ended",
    "runtime/dispatcher/key-lock.ts",
    2000,
    [
      'head === undefined || ON.owner[head.status] === "pass-on" || isExpired(head, nowMs);',
      "head === undefined || isExpired(head, nowMs);",
    ],
    [
      "if (isUntold(lock, owner.head, delivery)) await this.wake(lock.owner, actedFor(lock, delivery));\n      return;",
      "return;",
    ],
  ),
  bug("the key of one that backs off is passed on", "runtime/dispatcher/key-lock.ts", 500, [
    'head === undefined || ON.owner[head.status] === "pass-on"',
    'head === undefined || head.status === "backing-off" || ON.owner[head.status] === "pass-on"',
  ]),
  bug("a place in the inbox is emptied when another one has it", "lib/model/lock.ts", 20_000, [
    '  when: { is: "eq", attribute: "i", value: id },',
    '  when: { is: "ne", attribute: "i", value: `no ${id}` },',
  ]),
  bug("an inbox entry beside the lock, not behind it", "runtime/dispatcher/key-lock.ts", 1000, [
    "return (await this.#ports.items.write(place)).won && isMine;",
    "return place.op.length > 0 && isMine;",
  ]),
  bug("appends do not check the status", "lib/store/head/clauses.ts", 2000, [
    "  all(whileOpen(incarnation), isNotPaused, hasLength(length));",
    "  all(isOfLife(incarnation), hasLength(length));",
  ]),
  bug(
    "the token is taken from the message at hand",
    "runtime/dispatcher/progress.ts",
    500,
    ["(head?.token ?? tokenOf(this.#epoch, sequence))", "tokenOf(this.#epoch, sequence)"],
    // Else the lock has the right one.
    [
      "const known = this.head?.token ?? token;",
      "const known = this.token ?? token;",
      "runtime/dispatcher/invocation.ts",
    ],
  ),
  bug("reads are not logged", "lib/turn/turn-machine.ts", 2000, [
    "    if (this.#issued[entry.command]?.settled) return;\n    this.#pending.add(entry);",
    '    if (this.#issued[entry.command]?.settled) return;\n    if (entry.kind === "run") this.#pending.add(entry);',
  ]),
  bug(
    "a note that came in while nobody looked wakes nobody",
    "runtime/dispatcher/note-delivery.ts",
    2000,
    ['      (action === "look-if-it-can" && canGoOn(added.head)) ||\n', ""],
    ["return canMove || delivery.inDoubt ?", "return canMove ?"],
  ),
  bug("a deduplication id that is the same for every wake", "runtime/dispatcher/key-lock.ts", 4000, [
    // The bytes are still drawn, so that the run is the same until then.
    '[outgoing(resume, afresh(this.#ports, "wake"))]',
    '[outgoing(resume, afresh(this.#ports, "wake").slice(0, 4))]',
  ]),
];

const OTHERS: readonly Planted[] = [
  bug("messages are acknowledged whatever became of them", "runtime/dispatcher/dispatcher.ts", 500, [
    "return givenBack.map(({ messageId }) => messageId);",
    "return [];",
  ]),
  bug("state is not fenced", "lib/model/fence.ts", 4000, [
    '  of: [{ is: "absent" }, { is: "lt", attribute: "f", value: fence }],',
    '  of: [{ is: "absent" }, { is: "ne", attribute: "f", value: fence }],',
  ]),
  bug("the inbox is a stack", "lib/model/lock.ts", 4000, [
    "  const [next] = lock.inline;",
    "  const next = lock.inline.at(-1);",
  ]),
  bug("a reply that a crash has swallowed is not sent again", "lib/store/last-outputs.ts", 1000, [
    "  if (head.outcome) await reply(ports, id, head.replies, head.outcome);",
    "",
  ]),
  bug("timers that a crash has swallowed are not set again", "lib/store/last-outputs.ts", 1000, [
    "  if (wait) await arrange(ports, { id, incarnation, target }, wait);",
    "",
  ]),
  bug("a race is woken only when all of it can progress", "lib/model/wait.ts", 500, [
    'race: (parts) => (parts.every((part) => part === "pending")',
    'race: (parts) => (parts.some((part) => part === "pending")',
  ]),
  bug(
    "a timer's message is taken as it comes, early or not",
    "runtime/dispatcher/note-delivery.ts",
    1000,
    ["if (message.dueAtMs === undefined || message.dueAtMs <= nowMs)\n", "if (message.dueAtMs !== -1)\n"],
    ["if (timer.atMs > clock.now()) await", "if (timer.atMs < 0) await", "runtime/timers/due-timer.ts"],
  ),
  bug("a message that takes another's place is swallowed as its double", "lib/store/send.ts", 2000, [
    // The AFRESH_BYTES are still drawn, so that the run is the same until then.
    "`${why}.${nonce(entropy, AFRESH_BYTES)}`",
    "`${why}${nonce(entropy, AFRESH_BYTES).slice(99)}`",
  ]),
  bug("the next step starts before the last result is durable", "lib/turn/turn-machine.ts", 200, [
    "some((entry) => mustAppend(entry))",
    'some((entry) => entry.kind !== "run" && mustAppend(entry))',
  ]),
  bug("the outputs of an append whose turn died are not done again", "lib/store/last-outputs.ts", 1000, [
    "  await performOutputs(ports, subject, entries, head.lastAppend);",
    "  void subject; void entries;",
  ]),
  bug("the lock is not read before a turn", "runtime/dispatcher/key-lock.ts", 500, [
    "    if (!me) return",
    "    if (me) return",
  ]),
  bug("two messages of a group in one batch", "lib/store/send.ts", 500, [
    "    if (groups.has(message.group)) continue;\n",
    "",
  ]),
  bug("a reply that came twice is news twice", "lib/turn/turn-machine.ts", 2000, [
    "return this.#issued[note.command]?.settled === false;",
    "return true;",
  ]),
  bug("who waits for a promise that was just completed is not told", "lib/store/last-outputs.ts", 6000, [
    "      if (outcome) found.push(replyTo(waiter, await kept(ports, subject.id, outcome)));",
    "      void outcome; void kept;",
  ]),
  bug("a kill does not pass the key on", "runtime/dispatcher/dispatcher.ts", 2000, [
    "    await killCallees(this.#ports, id);\n    return await this.#progress.passOn(invocation, delivery, true);",
    '    await killCallees(this.#ports, id);\n    return "done";',
  ]),
  bug("an invocation moves to the newest deployment", "lib/store/handler-policy.ts", 1000, [
    "const pinned = pinnedTo ?? newest?.deployment;",
    "const pinned = newest?.deployment;",
  ]),
  bug("a delayed start runs at once", "runtime/dispatcher/dispatcher.ts", 500, [
    "if (start.dueAtMs !== undefined) return await this.#schedule(start, start.dueAtMs, stored?.head);",
    "",
  ]),
  bug("a page is taken to hold one entry less than it does", "lib/store/journal.ts", 1000, [
    "this.#pagedTo = from + held.length;",
    "this.#pagedTo = from + held.length - 1;",
  ]),
  bug("a drained invocation's doubt is forgotten", "runtime/dispatcher/progress.ts", 12000, [
    "      await this.#locks.wake(owner, name);\n",
    "      await this.#locks.wake(owner);\n",
  ]),
  bug("what refers to a long value is written before all of it is", "lib/store/journal.ts", 500, [
    "    await writeValue(this.#ports, placeOf(this.#subject.id), ref, value);",
    "    void writeValue(this.#ports, placeOf(this.#subject.id), ref, value).catch(() => undefined);",
  ]),
  bug("the chunk that vouches for all others is written first", "lib/store/value-store.ts", 4000, [
    "  await atOnce(names.length - 1, CHUNK_WRITES_AT_ONCE, (index) => put(index + 1));\n  await put(0);",
    "  await put(0);\n  await atOnce(names.length - 1, CHUNK_WRITES_AT_ONCE, (index) => put(index + 1));",
  ]),
  bug(
    "a value that a message names is not copied to its receiver",
    "runtime/dispatcher/note-delivery.ts",
    500,
    [
      "      await copyValue(this.#ports, placeOf(from), placeOf(id), result);",
      "      void copyValue; void placeOf;",
    ],
  ),
  bug(
    "a long state value is overwritten where it stands, and read as it comes",
    "lib/store/state-chunks.ts",
    4000,
    ['held?.set === "a" ? "b" : "a"', '"a"'],
    ['chunk?.["f"] === item["f"] && ', ""],
  ),
  bug("a long state value is named before its chunks are there", "lib/store/state-chunks.ts", 500, [
    "  await atOnce(count, CHUNK_WRITES_AT_ONCE, async (index) => {\n    const attributes",
    "  void atOnce(count, CHUNK_WRITES_AT_ONCE, async (index) => {\n    const attributes",
  ]),
  bug("an expired head is taken for one that is there", "lib/store/head/clauses.ts", 1000, [
    'isBefore("expiresAtMs", nowMs + 1)',
    'isBefore("expiresAtMs", Math.min(0, nowMs))',
  ]),
  bug("a promise of an expired run is still seen", "lib/store/promise-store.ts", 500, [
    "  (i === life.incarnation && i !== NO_LIFE) || (i === NO_LIFE && Number(c) >= life.fromMs);",
    "  i !== life || c === NO_LIFE;",
  ]),
  bug("state of an expired run is still seen", "lib/store/state-store.ts", 500, [
    '  from !== undefined && typeof f === "string" && f >= from;',
    '  from !== "" || typeof f === "string";',
  ]),
  bug("a Start of a life that is over runs once more", "runtime/dispatcher/dispatcher.ts", 4000, [
    '    if (isSuperseded(start, expired)) return "done";\n',
    "    void isSuperseded;\n",
  ]),
  bug("outputs are done again when those whom they concerned are forgotten", "lib/model/head-age.ts", 1000, [
    "nowMs - appendedAtMs < MAILBOX_RETENTION_MS || appendedAtMs >= sentAtMs;",
    "nowMs + appendedAtMs + sentAtMs > 0;",
  ]),
  bug("a signal is taken by a wait that was given up", "lib/turn/signal-queues.ts", 2000, [
    'if (typeof key === "number") return [];',
    "if (key !== undefined) return [];",
  ]),
  bug(
    "a signal that was delivered twice is taken twice",
    "lib/turn/turn-machine.ts",
    2000,
    [
      "    return !this.#seen.has(note.delivery);",
      '    return note.kind !== "cancellation" || !this.#seen.has(note.delivery);',
    ],
    // Else it is not listed a second time, while the head has it.
    [
      'const isNew = note.kind === "cancellation" || !known.has(key);',
      "const isNew = note.kind.length > 0 || !known.has(key);",
      "runtime/dispatcher/note-delivery.ts",
    ],
  ),
];

/** What broke the first draft of lanes and vouchers, and what had to be added to it (R17 to R22). */
const LANES: readonly Planted[] = [
  bug("what is running is taken for dead, whatever vouches for it", "runtime/dispatcher/vouched.ts", 500, [
    '  if (vouched !== "unknown") return vouched === "this";',
    '  if (vouched !== "unknown") return isNote || true;',
  ]),
  bug("what a cancellation has not reached rests", "lib/store/head/rest.ts", 4000, [
    '  if (hasUnseenCancellation(head, seen)) return "noted";\n',
    "  void hasUnseenCancellation; void seen;\n",
  ]),
  bug("who parks, rests or registers does not adopt what came before", "lib/store/head/births.ts", 4000, [
    "  return await tryUpdate(items, id, adopting(attributes), at);",
    "  void isNotKilled; void at;\n  return put;",
  ]),
  bug("a first append does not adopt what came before", "lib/store/journal.ts", 500, [
    "    if (isNew) this.#stub = { ...stub, isForeign };\n    return isNew;",
    "    return isNew && stub.notes.length < 0;",
  ]),
  bug("what was killed before it began is not answered", "runtime/dispatcher/dispatcher.ts", 4000, [
    "    await reply(this.#ports, start.id, ended.replies, ended.outcome ?? outcome);\n",
    "",
  ]),
  bug("what comes before there is a head is dropped", "runtime/dispatcher/note-delivery.ts", 500, [
    '      if (note.kind === "completion") continue;',
    "      if (note.kind.length > 0) continue;",
  ]),
  bug("a note goes on before the other lane's outputs are done", "runtime/dispatcher/vouched.ts", 6000, [
    'return goesOn && isOtherLanes(head, carried, delivery) && "beside";',
    "return goesOn && carried.length < 0;",
  ]),
  bug("what a turn may be sending is sent beside it under another name", "lib/store/outputs.ts", 6000, [
    "again && !isBeside ?",
    "again ?",
  ]),
  bug(
    "one that was cancelled before it began keeps its key",
    "runtime/dispatcher/note-delivery.ts",
    4000,
    ["    return await this.#progress.passOn(invocation, delivery, true);", '    return "done";'],
    // Else the message that goes to it passes the key on.
    [
      '"leave",        "leave",     "run",       "run",       "leave",              "leave",        "leave",     "pass-on"),',
      '"leave",        "leave",     "run",       "run",       "leave",              "leave",        "leave",     "leave"),',
      "lib/model/status-table.ts",
    ],
  ),
  bug(
    "a note lane runs what does not own its key",
    "runtime/dispatcher/progress.ts",
    4000,
    [
      "if (delivery.isNote && !(await this.#locks.isOwner(invocation))) {",
      "if (delivery.isNote && delivery.sequence.length === 0) {",
    ],
    [
      "if (delivery.isNote || delivery.asOwner) return",
      "if (delivery.asOwner) return",
      "runtime/dispatcher/key-lock.ts",
    ],
  ),
  bug("what is suspended is run by any message that looks at it", "runtime/dispatcher/progress.ts", 4000, [
    "return delivery.isNote && canGoOn(head) ?",
    "return canGoOn(head) ?",
  ]),
  bug("a turn appends whatever was written since it read", "lib/store/head/append.ts", 12000, [
    "hasMark(before.head), ...agreeing",
    "...agreeing",
  ]),
  bug("a resume runs what another message vouches for", "runtime/dispatcher/progress.ts", 1000, [
    'if (whoVouches(head, delivery.voucher) === "other") {',
    'if (head.status !== "paused" && whoVouches(head, delivery.voucher) === "other") {',
  ]),
  bug(
    "what another dispatcher has brought to rest is taken for what the turn has left",
    "runtime/dispatcher/failed-attempt.ts",
    8000,
    [
      'const isTurns = head.status === "running" || head.status === "suspended";',
      'const isTurns = head.status !== "pending";',
    ],
  ),
  bug(
    "of notes that are handled together the first one vouches for all",
    "runtime/dispatcher/dispatcher.ts",
    12000,
    ["incoming.at(-1)?.sequence", "incoming[0]?.sequence"],
  ),
  bug(
    "what acts for a message leaves what an earlier one of its lane has run",
    "lib/model/voucher.ts",
    12000,
    ["  of !== undefined && isNoLater(message, of);", "  message === of;"],
  ),
  bug("a slow dispatcher runs an owner that has run since", "runtime/dispatcher/progress.ts", 8000, [
    'if (hasRunSince(stored.head)) return "done";',
    "void hasRunSince;",
  ]),
  bug("one parks behind a lock that was taken once more", "lib/model/lock.ts", 12000, [
    "all(isOwnedBy(lock.owner), isTakenAsRead(lock), endsBefore(lock))",
    "all(isOwnedBy(lock.owner), endsBefore(lock))",
  ]),
];

/** Waits and calls in memory (R28). */
const IN_MEMORY: readonly Planted[] = [
  bug(
    "a sleep in memory is over before its time",
    "sdk/turn/timers.ts",
    500,
    [
      "const delayMs = Math.max(0, dueAtMs - this.#clock.now());",
      "const delayMs = Math.max(0, dueAtMs - this.#clock.now()) / 2;",
    ],
    ["if (dueAtMs > this.#clock.now()) this.#set(sleep);", "if (dueAtMs < 0) this.#set(sleep);"],
  ),
  bug("that a sleep in memory is over is not recorded", "lib/turn/turn-machine.ts", 500, [
    'this.#pending.add({ kind: "completion", command, outcome: value });',
    'if (value !== null) this.#pending.add({ kind: "completion", command, outcome: value });',
  ]),
  bug("a call in memory that is open is not vouched for", "sdk/turn/direct-calls.ts", 1000, [
    "if (entries.some((entry) => completes(entry, command))) continue;",
    "if (command >= 0) continue;",
  ]),
  bug(
    "a caller that has stopped waiting is not told by a head that it made so",
    "runtime/dispatcher/dispatcher.ts",
    1000,
    ["if (replyTo && !tells(head, replyTo))", "if (replyTo && id === head.origin)"],
  ),
];

export const PLANTED: readonly Planted[] = [
  ...COUNTEREXAMPLES,
  ...LANES,
  ...IN_MEMORY,
  ...OTHERS,
  ...OF_PEOPLE,
  ...OF_BOUNDS,
  ...OF_DOORS,
  ...OF_CALLS,
  ...OF_TIMERS,
  ...OF_GUARD_TABLE,
  ...OF_SECRETS,
  ...OF_LONG_TURNS,
  ...OF_OWN_MAILBOXES,
  ...OF_SOURCES,
  ...OF_TRANSACTIONS,
].map((planted) => ({ ...planted, ...(AIMS[planted.name] ? { aim: AIMS[planted.name] } : {}) }));
