/** What was ordered and has not happened yet: `GET /dev/armed`. */
import { ask, askFields, Refusal } from "../../admin/client.ts";
import { refresh, useLive } from "../../admin/live.ts";
import { toast } from "../../parts/toast.tsx";
import { visible } from "../../words/text.ts";
import { tryTo } from "./act.ts";

interface Order {
  readonly kind: string;
  readonly when: string;
  readonly message: string;
}

const whereOf = (id: string): string => `/dev/armed?${new URLSearchParams({ invocation_id: id }).toString()}`;

const useOrders = (id: string) =>
  useLive(`armed ${id}`, async (signal): Promise<readonly Order[]> => {
    try {
      const answer = await askFields(whereOf(id), { signal });
      return answer.objects("armed").map((order) => ({
        kind: order.optionalText("kind") ?? "",
        when: order.optionalText("when") ?? "",
        message: order.optionalText("message") ?? "",
      }));
    } catch (error) {
      if (error instanceof Refusal) return [];
      throw error;
    }
  });

export function Armed({ id }: { readonly id: string }) {
  const orders = useOrders(id).data ?? [];
  if (orders.length === 0) return null;
  const withdraw = async (): Promise<void> => {
    await ask(whereOf(id), { method: "DELETE" });
    refresh();
    toast("Withdrawn. Nothing has happened.");
  };
  return (
    <p class="armed">
      <span class="grow">{orders.map(inWords).join(" ")}</span>
      <button type="button" class="b q sm" onClick={() => void tryTo(withdraw)}>
        Withdraw
      </button>
    </p>
  );
}

function inWords({ kind, when, message }: Order): string {
  if (kind === "crash")
    return `Its process crashes when its ${when === "next-turn" ? "next turn" : "next step"} begins.`;
  return `Its next step fails with “${visible(message)}”.`;
}
