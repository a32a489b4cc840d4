/**
 * Events out, and in again. An order announces itself on a topic, and a shipment is made for each announcement.
 *
 * A step that crashes before its result is recorded runs again. So the announcement may be on the topic twice. It has the same id each
 * time, and the shipment is keyed by that id: it is made once.
 */
import { handlers, object, workflow } from "perdure";
import type { ObjectContext, ObjectSharedContext, WorkflowContext } from "perdure";

export interface Announcement {
  /** Tells announcements apart. A repetition has the same one. */
  id: string;
  key: string;
  value: { order: string; item: string };
}

/** What puts it on the topic. docs/guide/producing-events.md has those of Kafka, SQS, SNS and EventBridge. */
export type Publish = (topic: string, announcement: Announcement) => Promise<void>;

let publish: Publish = async (topic, { id, key, value }) => {
  console.log(`to topic ${topic}: ${JSON.stringify({ key, value, headers: { "event-id": id } })}`);
};
/** For the tests. */
export const publishWith = (other: Publish): void => void (publish = other);

interface OrderState {
  status: "placed" | "announced";
}

export const order = object({
  name: "Order",
  handlers: {
    place: async (ctx: ObjectContext<OrderState>, item: string) => {
      // Not in the step: there it would be another one each time.
      const id = ctx.rand.uuidv4();
      ctx.set("status", "placed");
      // Once the order is accepted, it is announced, whatever crashes: at least once, and always with this id.
      await ctx.run("announce", () =>
        publish("orders", { id, key: ctx.key, value: { order: ctx.key, item } }),
      );
      ctx.set("status", "announced");
      return id;
    },
    status: handlers.object.shared(async (ctx: ObjectSharedContext<OrderState>) => ctx.get("status")),
  },
});

/** Keyed by the id of the announcement: `perdure.key=header:event-id`. It runs once for each, for as long as it is retained. */
export const shipment = workflow({
  name: "Shipment",
  options: { workflowRetention: { days: 8 } },
  handlers: {
    run: async (ctx: WorkflowContext, announced: Announcement["value"]) => {
      await ctx.run("ship", () => console.log(`shipping ${announced.item} for order ${announced.order}`));
      return announced.order;
    },
  },
});

export default [order, shipment];
