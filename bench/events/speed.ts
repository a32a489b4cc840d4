/** How many records of each source a second the door of `perdure dev` takes, and how many run. Events come one after the other, as from one poller. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPerdure } from "../local-speed/server.ts";
import type { Table } from "../report/table.ts";
import { type BenchSource, SOURCES } from "./sources.ts";

const ROUNDS = 3;
const RECORDS = 500;
const BATCH = 100;
const POLL_MS = 5;
const RUN_MS_MAX = 60_000;

interface Speed {
  /** Of the fastest round: what else the machine does makes the others slower. */
  readonly acceptedPerSecond: number;
  readonly ranPerSecond: number;
  /** Of the server and its handlers, for one record; `null`: unknown. */
  readonly cpuMs: number | null;
}
interface SpeedRow {
  readonly source: string;
  readonly batch: number;
  readonly service: Speed;
  readonly object: Speed;
}

async function post(url: string, body: unknown): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

class Door {
  readonly #ingress: string;
  readonly #admin: string;
  readonly #server: Awaited<ReturnType<typeof startPerdure>>;
  #next = 1;

  constructor(server: Awaited<ReturnType<typeof startPerdure>>) {
    this.#ingress = `http://127.0.0.1:${server.port}`;
    this.#admin = `http://127.0.0.1:${server.adminPort}`;
    this.#server = server;
  }

  async cluster(): Promise<void> {
    const properties = { "bootstrap.servers": "127.0.0.1:1" };
    await post(`${this.#admin}/kafka-clusters`, { name: "main", properties });
  }

  async measure({ name, source, key, event, batchMax = BATCH }: BenchSource, sink: string): Promise<Speed> {
    const subscription = `${name.replaceAll(/\W/gu, "")}-${sink}`;
    const options = {
      ...(key === undefined ? {} : { "perdure.key": key }),
      // It is delivered to, and reads no topic.
      ...(source.startsWith("kafka:") ? { "perdure.consumer": "none" } : {}),
    };
    const asked = { name: subscription, source, sink: `service://${sink}/take`, options };
    await post(`${this.#admin}/subscriptions`, asked);
    const deliver = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent += batchMax) {
        const numbers = Array.from({ length: batchMax }, () => this.#next++);
        await post(`${this.#admin}/events/${subscription}`, event(numbers));
      }
    };
    const until = async (wanted: number): Promise<void> => {
      const deadline = performance.now() + RUN_MS_MAX;
      while ((await this.#taken()) < wanted) {
        if (performance.now() > deadline) throw new Error(`${subscription}: not all records ran`);
        await sleep(POLL_MS);
      }
    };
    const round = async (records: number): Promise<Omit<Speed, "cpuMs">> => {
      const before = await this.#taken();
      const began = performance.now();
      await deliver(records);
      const accepted = performance.now();
      await until(before + records);
      const perSecond = (untilMs: number): number => Math.round((records * 1000) / (untilMs - began));
      return { acceptedPerSecond: perSecond(accepted), ranPerSecond: perSecond(performance.now()) };
    };
    await round(BATCH);
    const cpuMs = this.#server.cpuMs();
    const rounds: Omit<Speed, "cpuMs">[] = [];
    while (rounds.length < ROUNDS) rounds.push(await round(RECORDS));
    const used = this.#server.cpuMs();
    return {
      acceptedPerSecond: Math.max(...rounds.map(({ acceptedPerSecond }) => acceptedPerSecond)),
      ranPerSecond: Math.max(...rounds.map(({ ranPerSecond }) => ranPerSecond)),
      cpuMs: cpuMs === undefined || used === undefined ? null : (used - cpuMs) / (ROUNDS * RECORDS),
    };
  }

  async #taken(): Promise<number> {
    return Number(await post(`${this.#ingress}/Sink/taken`, undefined));
  }
}

export async function recordSpeeds(progress: (line: string) => void): Promise<readonly SpeedRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-bench-"));
  const server = await startPerdure(folder, "process", join(import.meta.dirname, "handlers.ts"));
  try {
    const door = new Door(server);
    await door.cluster();
    const rows: SpeedRow[] = [];
    // The first one would pay for what is compiled while it runs.
    for (const first of SOURCES.slice(0, 1))
      for (const sink of ["Sink", "Keyed"]) await door.measure(first, sink);
    for (const source of SOURCES) {
      progress(`${source.name}, on this machine`);
      const service = await door.measure(source, "Sink");
      const object = await door.measure(source, "Keyed");
      rows.push({ source: source.name, batch: source.batchMax ?? BATCH, service, object });
    }
    return rows;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const speedTable = (rows: readonly SpeedRow[]): Table => ({
  id: "event-speed",
  title: "Records a second, on this machine",
  columns: [
    ...["source", "batch", "service: accepted/s", "run/s", "CPU ms a record"],
    ...["object: accepted/s", "run/s", "CPU ms a record"],
  ],
  rows: rows.map(({ source, batch, ...sinks }) => [
    ...[source, batch],
    ...[sinks.service, sinks.object].flatMap((speed) => [
      ...[speed.acceptedPerSecond, speed.ranPerSecond, speed.cpuMs],
    ]),
  ]),
  notes: [
    `\`POST /events\` of \`perdure dev\`, one event after the other, records of other keys, commits not synced. Handlers run in the same process while events come. Run: until the last one has run. The fastest of ${ROUNDS} rounds of ${RECORDS}; CPU of all of them, with the running.`,
  ],
});
