/**
 * Ids for Restate's own command line, which takes those of its length alone. An id of an exclusive invocation is longer: it has
 * the hash of the key. So that client is shown it without the hash, and what it sends is looked for in the list of invocations.
 *
 * Only for that client, and only where there is a list: a brief id is no id, and nothing stores one. docs/decisions/0035-ids.md.
 */
import { BRIEF_ID_LOOKS_MAX, BRIEF_ID_PAGE, BRIEF_IDS_MAX, DATE_MS_MAX } from "../../lib/limits/http.ts";
import { type InvocationId, partsOfId } from "../../lib/model/ids.ts";
import { shardOf } from "../../lib/model/listing.ts";
import { briefIdsIn, briefParts, shownId, withBriefIds } from "../../lib/model/shown-id.ts";
import type { Listing } from "../../lib/ports.ts";
import type { Handling, HttpRequest, HttpResponse } from "../http/message.ts";

const CLIENT = "restate-cli/";
const isBriefClient = ({ headers }: HttpRequest): boolean =>
  headers["user-agent"]?.startsWith(CLIENT) === true;

/** Answers as `answer` does, with brief ids on the outside for the client that needs them. */
export async function withBriefIdsOutside(
  request: HttpRequest,
  listing: Listing | undefined,
  answer: (request: HttpRequest) => Handling,
): Handling {
  if (!listing || !isBriefClient(request)) return await answer(request);
  return briefAnswer(await answer(await wholeRequest(request, listing)));
}

async function wholeRequest(request: HttpRequest, listing: Listing): Promise<HttpRequest> {
  const body = new TextDecoder().decode(request.body);
  const ids = briefIdsIn(`${request.path} ${body}`).slice(0, BRIEF_IDS_MAX);
  if (ids.length === 0) return request;
  let [path, whole] = [request.path, body];
  for (const id of ids) {
    const found = await findBrief(id, listing);
    if (found === undefined) continue;
    [path, whole] = [path.replaceAll(id, shownId(found)), whole.replaceAll(id, shownId(found))];
  }
  return { ...request, path, body: new TextEncoder().encode(whole) };
}

/** `undefined`: none is listed. */
async function findBrief(id: string, listing: Listing): Promise<InvocationId | undefined> {
  const parts = briefParts(id);
  if (!parts) return undefined;
  const { tag, rest } = parts;
  // Ids of one ending are in one shard.
  const shard = shardOf(`${tag}.inv.${Buffer.from(rest).subarray(1).toString("base64url")}`);
  for (const part of listing.parts) {
    let after: string | undefined;
    for (let looked = 0; looked < BRIEF_ID_LOOKS_MAX; looked += BRIEF_ID_PAGE) {
      const range = { fromMs: 0, untilMs: DATE_MS_MAX, limit: BRIEF_ID_PAGE, newestFirst: true } as const;
      const page = await listing.heads(part, shard, { ...range, ...(after === undefined ? {} : { after }) });
      const found = page.entries.find((entry) => {
        const own = partsOfId(entry.id);
        return own?.keyHash !== undefined && Buffer.compare(own.rest, rest) === 0;
      });
      if (found) return found.id;
      after = page.next;
      if (after === undefined) break;
    }
  }
  return undefined;
}

function briefAnswer(response: HttpResponse): HttpResponse {
  if (response.headers["content-type"] !== "application/json") return response;
  return {
    ...response,
    body: new TextEncoder().encode(withBriefIds(new TextDecoder().decode(response.body))),
  };
}
