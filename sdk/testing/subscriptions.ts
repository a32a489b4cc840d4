/** Subscriptions of a test environment: made by the admin API, so they are checked as those of a server are. */
import type { HttpResponse } from "../../runtime/http/message.ts";
import { parseSource } from "../../runtime/events/source.ts";

/** As `POST /subscriptions` takes it. */
export interface TestSubscription {
  /** Default: `Service.handler`, as in the CDK. */
  readonly name?: string;
  /** `kafka://cluster/topic`, `sqs://queue`, `schedule://name`, … No cluster of that name is needed. */
  readonly source: string;
  /** `Service/handler`, also of an object or a workflow. */
  readonly sink: string;
  /** Such as `perdure.key`, and of a schedule `perdure.schedule`. */
  readonly options?: Readonly<Record<string, string>>;
}

type AskAdmin = (path: string, method: string, body: unknown) => Promise<HttpResponse>;

const SCHEME = "service://";
const EXISTS = 409;

/** Throws `TypeError` with the reason for one that cannot be made. */
export async function declare(subscriptions: readonly TestSubscription[], admin: AskAdmin): Promise<void> {
  for (const { name, source, sink, options = {} } of subscriptions) {
    const handler = sink.startsWith(SCHEME) ? sink.slice(SCHEME.length) : sink;
    const called = name ?? handler.replace("/", ".");
    const asked = async (path: string, body: object, harmless?: number): Promise<void> => {
      const answer = await admin(path, "POST", body);
      if (answer.status >= 300 && answer.status !== harmless)
        throw new TypeError(`the subscription '${called}': ${reasonOf(answer)}`);
    };
    const parsed = parseSource(source);
    // Nothing here reads it, so it needs no broker.
    if (typeof parsed === "object" && parsed.cluster !== undefined)
      await asked(
        "/kafka-clusters",
        { name: parsed.cluster, properties: { "bootstrap.servers": "none" } },
        EXISTS,
      );
    await asked("/subscriptions", { name: called, source, sink: SCHEME + handler, options });
  }
}

function reasonOf({ body }: HttpResponse): string {
  const text = new TextDecoder().decode(body);
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}
