/** Keys: the list, the sentence, and the chain of what an owner waits for. */
import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import type { Invocation } from "../../../ui/admin/invocation.ts";
import { type ChainSource, chainFrom, LINKS_MAX, ringKeys } from "../../../ui/pages/objects/chain.ts";
import { type HeldKey, keyId, listedKeys } from "../../../ui/pages/objects/held-keys.ts";
import { keySentence, ordinal, placeInWords } from "../../../ui/pages/objects/sentences.ts";
import type { Said } from "../../../ui/words/pieces.ts";
import { lookOf, type Status } from "../../../ui/words/status.ts";

const MINUTE_MS = 60_000;

const invocation = (id: string, more: Partial<Invocation> = {}): Invocation => {
  const status: Status = more.status ?? "suspended";
  return {
    id,
    target: { service: "Account", key: id, handler: "transfer" },
    ...{ status, look: lookOf(status), createdMs: 0, modifiedMs: 0, retryCount: 0, journalSize: 1 },
    fields: new AnswerFields({}, "test"),
    ...more,
  };
};
const words = (said: Said): string =>
  said.map((part) => (typeof part === "string" ? part : part[0])).join("");

const FREE = {
  callers: new Map<string, string>(),
  waiting: [],
  waitingCount: 0,
  history: [],
  historyMore: false,
  coversEnded: true,
};

describe("the sentence", () => {
  test("of a key that is locked", () => {
    const owner = invocation("a", { waiting: { kind: "awakeable", awakeableId: "sign_1N5G", parts: [] } });
    const said = keySentence({ ...FREE, owner, takenMs: 0, waitingCount: 12 }, 50 * MINUTE_MS);
    expect(words(said)).toBe(
      "Locked for 50 min by transfer, which waits for an awakeable. 12 invocations wait behind it.",
    );
  });
  test("of a key whose owner needs somebody", () => {
    const owner = invocation("a", { status: "paused", lastFailure: "no\u202E stock\nat step 3" });
    expect(words(keySentence({ ...FREE, owner }, 10))).toBe(
      "Locked for less than a minute by transfer, which is paused by “no⟨U+202E⟩ stock”: it does not go on by itself. Nothing waits behind it.",
    );
  });
  test("of a free key", () => {
    expect(words(keySentence(FREE, 0))).toBe("Free, and nothing that is known here has run on it.");
    expect(words(keySentence({ ...FREE, history: [invocation("a", { status: "completed" })] }, 0))).toBe(
      "Free: the next call starts at once.",
    );
  });
  test("of where an edit will stand", () => {
    expect(placeInWords(FREE)).toBe("at once: the key is free");
    expect(placeInWords({ owner: invocation("a"), waitingCount: 12 })).toBe(
      "as 13th, behind a suspended owner",
    );
    const places = ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th"];
    expect(places.map((place) => ordinal(Number.parseInt(place, 10)))).toEqual(places);
  });
});

/** Awaits what it has called. */
const waitsFor = (invocationId: string) => ({
  waiting: { kind: "call", command: 1, invocationId, parts: [] },
});
/** `owners`: who has the key of whom. */
const source = (all: readonly Invocation[], owners: Record<string, string>): ChainSource => ({
  invocation: async (id) => all.find((each) => each.id === id),
  ownerOf: async (_service, key) => owners[key],
});

describe("the chain", () => {
  const alice = invocation("alice", waitsFor("to-bob"));
  const bob = invocation("bob", waitsFor("to-alice"));
  const toBob = invocation("to-bob", { status: "pending", target: { ...bob.target, handler: "receive" } });
  const toAlice = invocation("to-alice", {
    status: "pending",
    target: { ...alice.target, handler: "receive" },
  });

  test("that comes back is a ring", async () => {
    const all = [alice, bob, toBob, toAlice];
    const chain = await chainFrom(alice, source(all, { alice: "alice", bob: "bob" }));
    expect(chain.links.map(({ invocation: { id } }) => id)).toEqual(["alice", "to-bob", "bob", "to-alice"]);
    expect(chain.backTo).toBe(0);
    expect(ringKeys(chain)).toEqual(["alice", "bob"]);
    const said = words(keySentence({ ...FREE, owner: alice, chain }, 0));
    expect(said).toMatch(/^Two keys wait for each other: alice, bob\. None can go on by itself\./u);
  });

  test("goes down to what must happen", async () => {
    const idle = invocation("bob", { waiting: { kind: "awakeable", awakeableId: "sign_1N5G", parts: [] } });
    const chain = await chainFrom(alice, source([toBob, idle], { bob: "bob" }));
    expect(chain.links.map(({ how }) => how)).toEqual(["owner", "called", "has the key"]);
    expect(chain.backTo).toBeUndefined();
  });

  test("asks for the whole of what a list has told in part", async () => {
    const listed = invocation("alice", { waiting: { kind: "call", command: 1, parts: [] } });
    const chain = await chainFrom(listed, source([alice, toBob], {}));
    expect(chain.links.map(({ invocation: { id } }) => id)).toEqual(["alice", "to-bob"]);
  });

  test("is followed so far and no further", async () => {
    const endless: ChainSource = {
      invocation: async (id) => invocation(id, waitsFor(`${id}x`)),
      ownerOf: async () => undefined,
    };
    const chain = await chainFrom(alice, endless);
    expect(chain).toMatchObject({ cut: true });
    expect(chain.links).toHaveLength(LINKS_MAX);
  });

  test("ends at what has ended, or is not known", async () => {
    const done = invocation("to-bob", { status: "completed" });
    expect((await chainFrom(alice, source([done], {}))).links).toHaveLength(1);
    expect((await chainFrom(alice, source([], {}))).links).toHaveLength(1);
  });
});

test("the list has held keys first, and each key once", () => {
  const held: HeldKey = {
    ...{ service: "S", key: "b", ownerId: "inv", ownerHandler: "h", behind: 2 },
    look: lookOf("running"),
  };
  const size = { names: 1, bytes: 9 };
  const listed = listedKeys(
    [held],
    [
      { service: "S", key: "a" },
      { service: "S", key: "b" },
    ],
    new Map([[keyId({ service: "S", key: "a" }), size]]),
  );
  expect(listed).toEqual([
    { service: "S", key: "b", held },
    { service: "S", key: "a", size },
  ]);
});
