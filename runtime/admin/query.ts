/** `POST /query`: `{"query": "SELECT …"}`. Restate's tables and answers, and what this server adds. */
import { QUERY_READ_UNITS_DEFAULT, QUERY_READ_UNITS_MAX } from "../../lib/limits/query.ts";
import { stopwatchOf } from "../../lib/ports.ts";
import { type HttpResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { arrowAnswer, jsonAnswer } from "../query/answer.ts";
import { positionIn, QueryError } from "../query/error.ts";
import { answerQuery } from "../query/query.ts";
import { AdminError, badField, badShape } from "./error.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { QueryBudget } from "./tables/budget.ts";
import { AdminTables } from "./tables/tables.ts";

/** 400 what is wrong with the query, and where; 408 too slow; 413 too long an answer; 415, 422 what is no such request. */
export async function runQuery(exchange: AdminExchange): Handling {
  const { request, ports, sandbox } = exchange;
  const { query, readUnits, mayScan } = asked(request.headers, request.body);
  const budget = new QueryBudget(stopwatchOf(ports), readUnits, ports.readUnits);
  try {
    const source = new AdminTables(exchange, budget, mayScan);
    const result = await answerQuery(query, { source, sandbox, nowMs: ports.clock.now() });
    if (takesJson(request.headers["accept"]))
      return answer("application/json", new TextEncoder().encode(jsonAnswer(result)));
    return answer("application/vnd.apache.arrow.stream", arrowAnswer(result));
  } catch (error) {
    if (error instanceof QueryError) return refused(query, error);
    throw error;
  }
}

const answer = (type: string, body: Uint8Array): HttpResponse => ({
  status: 200,
  headers: { "content-type": type },
  body,
});

const takesJson = (accept = ""): boolean =>
  accept.split(",").some((type) => type.split(";")[0]?.trim().toLowerCase() === "application/json");

interface Asked {
  readonly query: string;
  readonly readUnits: number;
  readonly mayScan: boolean;
}

function asked(headers: Readonly<Record<string, string>>, bytes: Uint8Array): Asked {
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json")
    throw new AdminError(415, "Expected request with `Content-Type: application/json`");
  const body = parseJsonObject(bytes);
  if (!body) throw badField("request body", "must be a JSON object");
  const { query, read_units: units = QUERY_READ_UNITS_DEFAULT, scan = false } = body;
  if (typeof query !== "string") throw badShape("request field 'query'", "must be text");
  if (typeof units !== "number" || !(units >= 1 && units <= QUERY_READ_UNITS_MAX))
    throw badShape("request field 'read_units'", `must be a number from 1 to ${QUERY_READ_UNITS_MAX}`);
  if (typeof scan !== "boolean") throw badShape("request field 'scan'", "must be true or false");
  return { query, readUnits: units, mayScan: scan };
}

function refused(query: string, { status, message, at }: QueryError): HttpResponse {
  if (at === undefined) return jsonResponse(status, { message, restate_code: null });
  const position = positionIn(query, at);
  const text = `${message} (line ${position.line}, column ${position.column})`;
  return jsonResponse(status, { message: text, restate_code: null, position });
}
