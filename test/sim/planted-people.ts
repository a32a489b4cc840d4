/** Planted bugs of what operators and callers are told: see planted.ts. */
import { bug, type Planted } from "./plant.ts";

export const OF_PEOPLE: readonly Planted[] = [
  bug("a kill is acknowledged and lost", "runtime/admin/control.ts", 1000, [
    '  await send(ports, { kind: "kill", id, incarnation }, newUid(ports));\n',
    "",
  ]),
  bug("a kill of what has no head is acknowledged before it is written", "runtime/admin/control.ts", 4000, [
    "if (!known && (await killStub(ports, id, incarnation))) return false;",
    "if (!known) return killStub === undefined;",
  ]),
  bug("a kill ends what it does not find", "runtime/dispatcher/dispatcher.ts", 4000, [
    'if (ON.kill[invocation.head.status] === "end") await endWithoutCode(this.#ports, invocation, "killed");\n    else await forgetTimers',
    "void endWithoutCode; await forgetTimers",
  ]),
  bug("a cancellation is acknowledged and lost", "runtime/admin/control.ts", 1000, [
    '  await send(ports, { kind: "notify", id, incarnation, note }, note.delivery);\n',
    "",
  ]),
  bug(
    "a cancellation that an append brings does not stop the step behind it",
    "sdk/turn/turn-driver.ts",
    4000,
    ["if (this.machine.hasNews) {", "if (this.machine.hasNews && closures.length === 0) {"],
  ),
  bug("an attempt goes on with another life of its id", "runtime/dispatcher/invocation.ts", 8000, [
    "if (incarnation !== this.incarnation) return true;",
    "void incarnation;",
  ]),
  bug("a resume is acknowledged and lost", "runtime/admin/control.ts", 1000, [
    '  await send(ports, { kind: "resume", id, incarnation: head.incarnation, byOperator: true }, newUid(ports));\n',
    "",
  ]),
  bug("a pause is acknowledged that did not happen", "runtime/admin/control.ts", 2000, [
    "  if (won) return emptyResponse(202);\n",
    "  if (won || now) return emptyResponse(202);\n",
  ]),
  bug("a turn that a pause has refused is refused for good", "runtime/dispatcher/invocation.ts", 4000, [
    'return status === "completed" || status === "paused" || writer',
    'return status === "completed" || writer',
  ]),
  bug("any resume releases what is paused", "runtime/dispatcher/resumption.ts", 2000, [
    'if (resume.byOperator && ON.released[status] === "release")',
    'if (ON.released[status] === "release")',
  ]),
  bug("a restart begins with no input", "runtime/admin/restart.ts", 1000, [
    "    input: input ?? (await readInput(ports.items, old, head)),\n",
    "    input: (input ?? (await readInput(ports.items, old, head))).slice(0, 0),\n",
  ]),
  bug("a restart goes on from the wrong end of the log", "runtime/admin/restart.ts", 2000, [
    "  const kept = log.slice(0, from);\n",
    "  const kept = log.slice(-from);\n",
  ]),
  bug(
    "a restart does the old one's outputs again",
    "runtime/admin/restart.ts",
    4000,
    ["lastAppend: log.length };", "lastAppend: 0 };"],
    // Else nothing has been appended lately.
    [
      "...headAttributes(log) };",
      "...headAttributes({ ...log, appendedAtMs: start.acceptedAtMs }) };",
      "lib/store/head/births.ts",
    ],
  ),
  bug("of several deliveries of one signal a restart takes one along", "runtime/admin/restart.ts", 8000, [
    "  if (count > 1) open.set(name, count - 1);\n  else open.delete(name);\n",
    "  open.delete(name);\n",
  ]),
  bug("a restart goes on from behind a read that was dropped", "runtime/admin/restart.ts", 8000, [
    "  assertReplayable(log, from, lastAppend);\n",
    "  void assertReplayable;\n",
  ]),
  bug("a purge beside a restart is a fault of the engine", "runtime/admin/restart.ts", 8000, [
    "throw error instanceof InvariantError && (await isPurged(ports, id, head)) ? inputIsGone(id) : error;",
    "throw error;",
  ]),
  bug(
    "a request takes the place of a life that has come and been purged since it stored its input",
    "lib/store/head/births.ts",
    8000,
    [
      "  if (!seen) return whenNoneOrExpired(nowMs);\n",
      "  if (!seen || nowMs > 0) return whenNoneOrExpired(nowMs);\n",
    ],
  ),
  bug("a purge goes on when another one has let the next life begin", "runtime/admin/purge.ts", 8000, [
    "    if (!(await held())) return;\n",
    "    void held;\n",
  ]),
  bug("a purge leaves pages", "runtime/admin/purge.ts", 1000, [
    "    if (kept.has(sk)) return;\n",
    '    if (kept.has(sk) || sk.startsWith("page#")) return;\n',
  ]),
  bug("a purge leaves the result", "runtime/admin/purge.ts", 1000, [
    '  const held = await empty(ports, id, head, failure(410, "purged"));\n',
    "  const held = await empty(ports, id, head); void failure;\n",
  ]),
  bug("an edit of state does not wait its turn", "runtime/admin/state.ts", 2000, [
    'handlerKind: "exclusive", input, headers: {} });',
    'handlerKind: "exclusive", input, headers: {}, delayMs: 1 });',
  ]),
  bug("an edit of state forgets what was there", "runtime/dispatcher/state-edit.ts", 1000, [
    "    if (value) before.push(markOf(name, value));\n",
    "    void value; void markOf;\n",
  ]),
  bug("a dead letter is not looked at", "runtime/reconciler/dead-letters.ts", 2000, [
    "const shown = await this.#show(letter);",
    "const shown = (letter ? undefined : await this.#show(letter)) as string | undefined;",
  ]),
  bug(
    "what the mailbox gave up is resumed as if its outputs were done",
    "runtime/dispatcher/resumption.ts",
    12000,
    ["resume.guard !== undefined || wasGivenUp(resume, head);", "resume.guard !== undefined;"],
  ),
  bug("what has not begun takes its key while it is paused", "runtime/dispatcher/progress.ts", 12000, [
    "if (holder && hasBegun) await",
    "if (holder) await",
  ]),
  bug("what is held takes its key when its place is gone", "runtime/dispatcher/place.ts", 12000, [
    "(voucher === name || voucher === of)",
    'voucher !== `no${name}${of ?? ""}`',
  ]),
  bug(
    "what is held before it begins takes the key of another owner",
    "runtime/dispatcher/key-lock.ts",
    12000,
    ["if (!lock || sameInvocation(lock.owner, me)) await", "await"],
  ),
  bug("a poke runs what has its input in its Start alone", "runtime/dispatcher/progress.ts", 12000, [
    '    if (start === undefined && head.input === undefined) return "done";\n',
    "",
  ]),
  bug("what was passed while it waited begins with its old token", "runtime/dispatcher/key-lock.ts", 12000, [
    "    await this.#moveBack(invocation, delivery, lock);\n",
    "",
  ]),
  bug("what took its key too late keeps it with its old token", "runtime/dispatcher/key-lock.ts", 12000, [
    "if (!this.#isTakenLate(lock, invocation, delivery)) return lock.owner;",
    "return lock.owner;",
  ]),
  bug("what has lost its place is resumed with its old token", "runtime/dispatcher/place.ts", 12000, [
    "return !(await locks.hasPlace(invocation, holder));",
    "return false;",
  ]),
  bug(
    "a redelivered resume gets a new token, although the lock has its old one",
    "runtime/dispatcher/invocation.ts",
    12000,
    ["const known = this.head?.token ?? token;", "const known = this.head?.token ?? this.token ?? token;"],
  ),
  bug("an end in several appends drops its reads", "lib/turn/appends.ts", 4000, [
    "return inAppends(others).length > 1 ? entries : others;",
    "return others;",
  ]),
  bug("what is appended in parts has a read behind a later write", "lib/turn/appends.ts", 4000, [
    "return parts.length > 1 ? inParts(readsFirst(entries), APPEND_BYTES_MAX, sizeOfEntry) : parts;",
    "return parts;",
  ]),
  bug(
    "how one turn has ended counts for the next owner of its key",
    "runtime/dispatcher/progress.ts",
    12000,
    ["voucher: { name }, ended: undefined };", "voucher: { name } };"],
  ),
  bug("what has ended without its state leaves its key", "runtime/dispatcher/dispatcher.ts", 4000, [
    "      if (!delivery.isNote) await this.#locks.keep(message.id);\n",
    "",
  ]),
  bug("a caller is answered before the head says so", "runtime/ingress/result.ts", 1000, [
    'if (head.status === "completed") {\n',
    'if (head.status !== "accepted" && head.status !== "completed") return head.outcome ? await resultResponse(ports, subject, head) : { status: 200, headers: { "x-restate-id": id }, body: new Uint8Array(0) };\n        if (head.status === "completed") {\n',
  ]),
  bug("a request with an idempotency key that comes again is another one", "lib/store/admission.ts", 2000, [
    "  if (idempotencyKey === undefined) return undefined;\n",
    '  if (idempotencyKey !== "") return undefined;\n',
  ]),
  bug("a caller gets a result of another length", "runtime/ingress/result.ts", 1000, [
    "return { status: 200, headers, body };",
    "return { status: 200, headers, body: body.slice(0, -1) };",
  ]),
  bug(
    "a dead Start of what was killed before it began is not shown",
    "runtime/reconciler/dead-letters.ts",
    2000,
    [
      'return born ? await this.#end(id, born.head) : "as-it-was";',
      'return born ? "as-it-was" : "as-it-was";',
    ],
    ["const born = await scheduleHead(this.#ports, start);", "const born = scheduleHead === undefined;"],
  ),
  bug("a turn takes a head that was made for another deployment", "lib/store/journal.ts", 12000, [
    "writer === presence && deployment === own;",
    "writer === presence && (deployment === own || deployment !== undefined);",
  ]),
  bug("a move does not stop the turn that runs", "lib/store/head/rest.ts", 2000, [
    "...{ deployment, modifiedAtMs: ports.clock.now(), writer: freshMark(ports) },",
    "...{ deployment, modifiedAtMs: ports.clock.now(), writer: head.writer ?? freshMark(ports) },",
  ]),
];
