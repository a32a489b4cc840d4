/** Every view has an address. Keys stand in the query: a browser would take `..` in a path for the folder above. */
import type { Target } from "./words/target.ts";

export const BASE = "/ui";

const withQuery = (where: string, query: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return given.length === 0 ? where : `${where}?${new URLSearchParams(given).toString()}`;
};

export const to = {
  overview: () => `${BASE}/`,
  /** `filter`: as the list has it in its address. */
  invocations: (filter: Readonly<Record<string, string | undefined>> = {}) =>
    withQuery(`${BASE}/invocations`, filter),
  invocation: (id: string) => `${BASE}/invocations/${encodeURIComponent(id)}`,
  objects: (service?: string) => withQuery(`${BASE}/objects`, { service }),
  object: (service: string, key: string) => withQuery(`${BASE}/object`, { service, key }),
  services: () => `${BASE}/services`,
  service: (name: string) => `${BASE}/services/${encodeURIComponent(name)}`,
  playground: (target: Partial<Target> = {}) => withQuery(`${BASE}/playground`, { ...target }),
  deployments: () => `${BASE}/deployments`,
  deployment: (id: string) => `${BASE}/deployments/${encodeURIComponent(id)}`,
  events: () => `${BASE}/events`,
  subscription: (id: string) => `${BASE}/events/${encodeURIComponent(id)}`,
  timers: () => `${BASE}/timers`,
  sql: (query?: string) => withQuery(`${BASE}/sql`, { query }),
};
