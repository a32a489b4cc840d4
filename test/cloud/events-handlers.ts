/** What the records of test/cloud/events.test.ts start: an object that lists them, by their key, in the order in which they ran. */
import { handlers, object } from "perdure";
import type { ObjectContext, ObjectSharedContext } from "perdure";

interface Event {
  readonly id?: string;
  /** Of EventBridge, and of S3 through it. */
  readonly detail?: { readonly id?: string; readonly object?: { readonly key: string } };
  /** Of a DynamoDB stream. */
  readonly dynamodb?: { readonly NewImage: { readonly id: { readonly S: string } } };
  /** Of a schedule. */
  readonly time?: string;
}

/** What names a record in the test. */
const named = ({ id, detail, dynamodb, time }: Event): string | undefined =>
  detail?.id ?? detail?.object?.key ?? dynamodb?.NewImage.id.S ?? id ?? time;

const listed = object({
  name: "Listed",
  handlers: {
    take: async (ctx: ObjectContext, event: Event) => {
      // Each source counts for itself.
      const { headers } = ctx.request();
      const list = `of ${headers.get("perdure.subscription") ?? ""}`;
      const id = named(event) ?? headers.get("kafka.offset") ?? "nameless";
      ctx.set(list, [...((await ctx.get<string[]>(list)) ?? []), id]);
    },
    ids: handlers.object.shared(
      async (ctx: ObjectSharedContext, subscription: string) =>
        (await ctx.get<string[]>(`of ${subscription}`)) ?? [],
    ),
  },
});

export default [listed];
