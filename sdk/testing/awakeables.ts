/** Awakeables that invocations wait for, by the name that the handler has given them. */
import type { IngressClient } from "../client/index.ts";
import { TEST_LIST_MAX, TEST_LOOK_MS } from "../../lib/limits/local.ts";
import type { WaitView } from "../../runtime/admin/wait-view.ts";
import type { TestEngine } from "./engine.ts";

/** One that is waited for. */
export interface TestAwakeable {
  readonly id: string;
  readonly name?: string;
  /** The id of the invocation that waits. */
  readonly invocation: string;
  resolve(payload?: unknown): Promise<void>;
  /** What waits for it throws a TerminalError with this reason. */
  reject(reason: string): Promise<void>;
}

export interface PendingAwakeable {
  readonly id: string;
  readonly name?: string;
  readonly invocation: string;
}

const isIn = (name: string | undefined, invocation: string | undefined) => (each: PendingAwakeable) =>
  (name === undefined || each.name === name) && (invocation === undefined || each.invocation === invocation);

/** Resolves when one is waited for. Throws an Error when nothing can go on and none is, and if it is not the only one. */
export async function awakeableOf(
  engine: TestEngine,
  client: IngressClient,
  name: string | undefined,
  invocation: string | undefined,
): Promise<TestAwakeable> {
  const what = name === undefined ? "an awakeable" : `an awakeable '${name}'`;
  for (let isLast = false; ;) {
    const all = await pendingIn(engine);
    const [found, ...others] = all.filter(isIn(name, invocation));
    if (others.length > 0)
      throw new Error(`${others.length + 1} invocations wait for ${what}: say of which it is, { of: id }`);
    if (found) {
      return {
        ...found,
        resolve: async (payload) => await client.resolveAwakeable(found.id, payload),
        reject: async (reason) => await client.rejectAwakeable(found.id, reason),
      };
    }
    if (isLast) {
      const names = all.map((each) => each.name ?? each.id).join(", ");
      throw new Error(`nothing waits for ${what}${names === "" ? "" : `; there are ${names}`}`);
    }
    isLast = await engine.settled().then(
      () => true,
      () => false,
    );
    if (!isLast) await new Promise((resolve) => void setTimeout(resolve, TEST_LOOK_MS));
  }
}

/** All that are waited for. */
export async function pendingIn(engine: TestEngine): Promise<readonly PendingAwakeable[]> {
  const path = `/invocations?status=suspended&limit=${TEST_LIST_MAX}`;
  const { invocations } = await engine.json<{ invocations: readonly { readonly id: string }[] }>(path);
  const all = invocations.map(async ({ id }) => {
    const { waiting_for } = await engine.json<{ waiting_for?: WaitView }>(`/invocations/${id}`);
    return waiting_for === undefined ? [] : awakeablesIn(waiting_for, id);
  });
  return (await Promise.all(all)).flat();
}

function awakeablesIn(wait: WaitView, invocation: string): readonly PendingAwakeable[] {
  if ("parts" in wait) return wait.parts.flatMap((part) => awakeablesIn(part, invocation));
  if (wait.kind !== "awakeable") return [];
  const { awakeable_id: id, name } = wait;
  return [{ id, invocation, ...(name === undefined ? {} : { name }) }];
}
