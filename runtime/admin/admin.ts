/**
 * The admin API, over ports.
 *
 * Job: routes requests and turns errors into answers. Paths and bodies are Restate's. Restate answers some questions in SQL
 * (invocations, journals, state). Here they are answered in plain JSON, with the names of its columns. Reads are strongly
 * consistent, except for lists.
 */
import { OperationalError } from "../../lib/errors.ts";
import { emptyResponse, type HttpRequest, type HttpResponse, jsonResponse } from "../http/message.ts";
import { match, route, type Route, segmentsOf } from "../http/router.ts";
import { Sandbox } from "../query/sandbox.ts";
import { withBriefIdsOutside } from "./brief-ids.ts";
import { listActions, recordActions } from "./audit/trail.ts";
import { operateOnMany } from "./bulk.ts";
import { cancelInvocation, killInvocation, pauseInvocation, resumeInvocation } from "./control.ts";
import { deleteDeployment, moveDeployment, registerDeployment } from "./deployment.ts";
import { AdminError, badField, adminErrorResponse } from "./error.ts";
import { recordedJournal } from "./recorded-journal.ts";
import { describeInvocation, describeJournal, listInvocations } from "./invocation.ts";
import { type InvocationIndex, ScanningIndex } from "./invocation-index.ts";
import { ListedInvocations } from "./listed-invocations.ts";
import { describeLock } from "./lock.ts";
import { describeOpenApi } from "./openapi.ts";
import { Overview } from "./overview/overview.ts";
import type { AdminEnvironment, AdminExchange, AdminOptions, AdminPorts, Handling } from "./ports.ts";
import { purgeInvocation, purgeJournal } from "./purge.ts";
import { runQuery } from "./query.ts";
import { restartInvocation } from "./restart.ts";
import { configureService } from "./service-config.ts";
import {
  describeDeployment,
  describeHandler,
  describeService,
  listDeployments,
  listHandlers,
  listServices,
} from "./services.ts";
import { clearState, describeState, listKeys, replaceState } from "./state.ts";
import { EVENT_ROUTES } from "./subscriptions-routes.ts";

/** The versions of Restate's admin API whose paths are served here. */
const ADMIN_API_VERSIONS = { min_admin_api_version: 2, max_admin_api_version: 4 } as const;

const ROUTES: readonly Route<AdminExchange, Handling>[] = [
  route("GET", "/health", async () => emptyResponse(200)),
  route("GET", "/version", version),
  route("GET", "/cluster-health", clusterHealth),
  route("GET", "/overview", async ({ overview }) => jsonResponse(200, await overview.answer())),
  route("GET", "/audit", async ({ ports, request }) => listActions(ports, request)),
  route("GET", "/deployments", listDeployments),
  route("GET", "/deployments/:id", (x, { id }) => describeDeployment(x, id)),
  route("POST", "/deployments", registerDeployment),
  route("PATCH", "/deployments/:id", (x, { id }) => moveDeployment(x, id)),
  route("DELETE", "/deployments/:id", (x, { id }) => deleteDeployment(x, id)),
  route("GET", "/services", listServices),
  route("GET", "/services/:name", (x, { name }) => describeService(x, name)),
  route("PATCH", "/services/:name", (x, { name }) => configureService(x, name)),
  route("GET", "/services/:name/openapi", (x, { name }) => describeOpenApi(x, name)),
  route("GET", "/services/:name/handlers", (x, { name }) => listHandlers(x, name)),
  route("GET", "/services/:name/handlers/:handler", (x, { name, handler }) =>
    describeHandler(x, name, handler),
  ),
  route("GET", "/services/:name/state", (x, { name }) => listKeys(x, name)),
  route("GET", "/services/:name/state/:key", (x, { name, key }) => describeState(x, name, key)),
  route("DELETE", "/services/:name/state/:key", (x, { name, key }) => clearState(x, name, key)),
  route("POST", "/services/:name/state", (x, { name }) => replaceState(x, name)),
  route("GET", "/services/:name/locks/:key", (x, { name, key }) => describeLock(x, name, key)),
  route("GET", "/invocations", listInvocations),
  route("GET", "/invocations/:id", (x, { id }) => describeInvocation(x, id)),
  route("GET", "/invocations/:id/journal", (x, { id }) => describeJournal(x, id)),
  route("GET", "/invocations/:id/recorded-journal", (x, { id }) => recordedJournal(x, id)),
  route("PATCH", "/invocations/:id/cancel", (x, { id }) => cancelInvocation(x, id)),
  route("PATCH", "/invocations/:id/kill", (x, { id }) => killInvocation(x, id)),
  route("PATCH", "/invocations/:id/pause", (x, { id }) => pauseInvocation(x, id)),
  route("PATCH", "/invocations/:id/resume", (x, { id }) => resumeInvocation(x, id)),
  route("PATCH", "/invocations/:id/restart-as-new", (x, { id }) => restartInvocation(x, id)),
  route("PATCH", "/invocations/:id/purge", (x, { id }) => purgeInvocation(x, id)),
  route("PATCH", "/invocations/:id/purge-journal", (x, { id }) => purgeJournal(x, id)),
  route("POST", "/invocations/:operation", (x, { operation }) => operateOnMany(x, operation)),
  // Restate's UI and CLI use this path for several invocations at once.
  route("POST", "/internal/invocations_batch_operations/:operation", (x, { operation }) =>
    operateOnMany(x, operation),
  ),
  route("POST", "/query", runQuery),
  ...EVENT_ROUTES,
  route("DELETE", "/invocations/:id", (x, { id }) => deleteInvocation(x, id)),
];

export class Admin {
  readonly #ports: AdminPorts;
  readonly #index: InvocationIndex;
  readonly #scan: InvocationIndex;
  readonly #options: AdminOptions;
  readonly #sandbox: Sandbox;
  readonly #overview: Overview;

  constructor(ports: AdminPorts, options: AdminOptions) {
    this.#ports = ports;
    this.#scan = new ScanningIndex(ports);
    const { listing } = ports;
    this.#index = listing ? new ListedInvocations(ports, listing, this.#scan) : this.#scan;
    this.#overview = new Overview(ports, this.#index);
    this.#options = options;
    const { queryMemoryBytesMax: memoryBytesMax } = options;
    this.#sandbox = new Sandbox(memoryBytesMax === undefined ? {} : { memoryBytesMax });
  }

  /** Answers every request; never rejects. `HEAD`: what `GET` would answer, without its body. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    if (request.method !== "HEAD") return await this.#answerBriefly(request);
    const { status, headers } = await this.#answerBriefly({ ...request, method: "GET" });
    return emptyResponse(status, { ...headers });
  }

  async #answerBriefly(request: HttpRequest): Promise<HttpResponse> {
    const { listing } = this.#ports;
    return await withBriefIdsOutside(request, listing, async (whole) => await this.#answer(whole));
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    const { readUnits } = this.#ports;
    const before = readUnits?.() ?? 0;
    const answered = await this.#answered(request);
    // Pages that ask again and again do so the more seldom, the more it costs.
    const answer = readUnits ? withHeader(answered, READ_UNITS, String(readUnits() - before)) : answered;
    const segments = segmentsOf(request.path) ?? [];
    await recordActions(
      this.#ports,
      request,
      VERSION.test(segments[0] ?? "") ? segments.slice(1) : segments,
      answer,
    );
    return answer;
  }

  async #answered(request: HttpRequest): Promise<HttpResponse> {
    const [ports, index, scan, options] = [this.#ports, this.#index, this.#scan, this.#options];
    const [overview, sandbox] = [this.#overview, this.#sandbox];
    try {
      return await dispatch({ ports, index, scan, options, overview, sandbox, request });
    } catch (error) {
      return adminErrorResponse(this.#refusal(error, request));
    }
  }

  #refusal(error: unknown, { method, path }: HttpRequest): AdminError {
    if (error instanceof AdminError) return error;
    const fields = { method, path, error };
    if (error instanceof OperationalError) {
      this.#ports.logger.log("warn", "admin: a port failed", fields);
      return new AdminError(503, `the request could not be completed: ${error.message}`);
    }
    this.#ports.logger.log("error", "admin: unexpected failure", fields);
    return new AdminError(500, "internal error");
  }
}

/** Of DynamoDB, that an answer has taken. */
const READ_UNITS = "x-perdure-read-units";

const withHeader = ({ headers, ...answer }: HttpResponse, name: string, value: string): HttpResponse => ({
  ...answer,
  headers: { ...headers, [name]: value },
});

async function dispatch(exchange: AdminExchange): Handling {
  const { method, path } = exchange.request;
  const decoded = segmentsOf(path);
  if (!decoded) throw badField("path", "bad percent-encoding");
  const segments = withoutVersion(decoded);
  const found = match(ROUTES, method, segments);
  if (found.run) return found.run(exchange);
  if (found.allow.length === 0) throw new AdminError(404, "not found");
  throw new AdminError(405, "method not allowed", { allow: found.allow.join(", ") });
}

const VERSION = /^v(\d+)$/u;

/** Restate's own tools put a version before the path. */
function withoutVersion(segments: string[]): string[] {
  const asked = VERSION.exec(segments[0] ?? "")?.[1];
  if (asked === undefined || segments.length < 2) return segments;
  const { min_admin_api_version: min, max_admin_api_version: max } = ADMIN_API_VERSIONS;
  if (Number(asked) >= min && Number(asked) <= max) return segments.slice(1);
  const text = `Unsupported Admin API version V${asked}. This server supports versions between V${min} and V${max}.`;
  throw new AdminError(400, text);
}

/** There is no cluster with members: if this is answered, all is well. */
async function clusterHealth(): Handling {
  return jsonResponse(200, { cluster_name: "perdure", metadata_cluster_health: { members: [] } });
}

async function version({ options }: AdminExchange): Handling {
  return jsonResponse(200, {
    version: options.version,
    ...ADMIN_API_VERSIONS,
    ingress_endpoint: options.ingressEndpoint,
    features: {},
    environment: viewEnvironment(options.environment ?? { kind: "local" }),
  });
}

/** Null: not known here. */
const viewEnvironment = (environment: AdminEnvironment) => ({
  kind: environment.kind,
  name: environment.name ?? null,
  region: environment.region ?? null,
  account: environment.account ?? null,
  role: environment.role ?? null,
  data_path: environment.dataPath ?? null,
  is_production: environment.isProduction ?? null,
});

/** The older way, `?mode=cancel|kill|purge`: 202, where the newer paths answer 200 or 202. */
async function deleteInvocation(exchange: AdminExchange, id: string): Handling {
  const mode = exchange.request.query.get("mode") ?? "cancel";
  const operation = MODES.get(mode.toLowerCase());
  if (!operation) throw badField("query parameter 'mode'", `'${mode}' is none of cancel, kill, purge`);
  return { ...(await operation(exchange, id)), status: 202 };
}

const MODES = new Map([
  ["cancel", cancelInvocation],
  ["kill", killInvocation],
  ["purge", purgeInvocation],
]);
