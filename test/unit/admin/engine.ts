/** The whole engine in memory, with the admin API. For effects that an answer alone does not show. */
import type { World } from "../semantics/world.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export async function ask(world: World, line: string, body?: unknown): Promise<Reply> {
  const [method = "", path = ""] = line.split(" ");
  const response = await world.environment.admin(path, method, body);
  const text = new TextDecoder().decode(response.body);
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? "" : (JSON.parse(text) as unknown),
  };
}

export { World, until } from "../semantics/world.ts";
