/**
 * `npm run demo`: first an order whose server is killed with `kill -9` in the middle, and which continues where it was. Then
 * many transfers between bank accounts at once. Exits with 1 if a result is wrong.
 *
 * At its end the order can be looked at in the web UI: on a terminal for as long as you like, else by starting its server again.
 */
import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { LocalServer, until } from "./support/server.ts";

const PACKING_MS = 2500;
const TIMEOUT_MS = 60_000;
/** Where the order's data is kept if nobody is there to look at it now. */
const KEPT_DATA = ".perdure/demo.sqlite";
/** Of `perdure dev`, unless it is told another one. */
const ADMIN_PORT = 9070;

const startedAtMs = Date.now();
const servers: LocalServer[] = [];

interface JournalEntry {
  index: number;
  type: string;
  /** The command that it belongs to. */
  command: number;
  name?: string;
  value?: string;
  invoked_target?: string;
}

interface LedgerEntry {
  key: string;
  amount: number;
  calls: number;
}

/** The one that was made, and the server that still has it. */
interface Order {
  readonly server: LocalServer;
  readonly id: string;
}

function say(line = ""): void {
  console.log(line);
}

function sayTimed(line: string): void {
  say(`  ${((Date.now() - startedAtMs) / 1000).toFixed(2).padStart(6)} s  ${line}`);
}

function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

async function serve(example: string): Promise<LocalServer> {
  const server = await LocalServer.start(example);
  servers.push(server);
  sayTimed(`perdure dev examples/${example} runs as process ${server.pid}`);
  return server;
}

/** Prints the entries of an invocation's journal as they appear. */
class JournalFollower {
  entries: JournalEntry[] = [];
  readonly #server: LocalServer;
  readonly #invocationId: string;

  constructor(server: LocalServer, invocationId: string) {
    this.#server = server;
    this.#invocationId = invocationId;
  }

  async until(last: (entry: JournalEntry) => boolean): Promise<void> {
    await until(
      () => this.#poll(),
      (entries) => entries.some(last),
      PACKING_MS + 5000,
    );
  }

  async #poll(): Promise<JournalEntry[]> {
    const path = `invocations/${this.#invocationId}/journal`;
    const { entries } = await this.#server.admin<{ entries: JournalEntry[] }>("GET", path);
    const known = this.entries.length;
    // What is recorded never changes, even if the server is killed.
    check(isDeepStrictEqual(entries.slice(0, known), this.entries), "The journal's past has changed");
    this.entries = entries;
    for (const entry of entries.slice(known)) {
      sayTimed(
        `journal ${String(entry.index).padStart(2)}  ${entry.type.padEnd(10)}  ${this.#describe(entry)}`,
      );
    }
    return entries;
  }

  /** A completion names only the command that it completes, so it is described by that command. */
  #describe({ type, command, name, value, invoked_target }: JournalEntry): string {
    const begun = this.entries.find((entry) => entry.command === command);
    if (type === "completion" && begun !== undefined && begun.type !== type) return this.#describe(begun);
    return [name ?? invoked_target, value].filter((part) => part !== undefined).join(" = ");
  }
}

async function orderDemo(): Promise<Order> {
  say("1. An order: pay, reserve, pack, ship");
  const server = await serve("03-order-saga.ts");
  const items = [
    { sku: "teapot", quantity: 1 },
    { sku: "cup", quantity: 4 },
  ];
  const id = await server.send("Order/demo/run", { card: "ada", city: "Porto", items, packing: PACKING_MS });
  sayTimed(`order accepted as ${id}`);

  const journal = new JournalFollower(server, id);
  await journal.until(({ type, name }) => type === "sleep" && name === "packing");
  const recorded = journal.entries.length;

  say();
  say("2. kill -9 while the order is being packed");
  const { pid } = server;
  await server.kill9();
  sayTimed(`process ${pid} is dead; ${recorded} journal entries are on disk`);
  await server.restart();
  sayTimed(`process ${server.pid} serves the same data file; the packing goes on`);
  await journal.until(({ type, value }) => type === "set" && value === '"shipped"');
  const result = await server.attach(id);
  sayTimed(`result ${JSON.stringify(result)}`);
  check(
    isDeepStrictEqual(result, { order: "demo", cents: 5210, label: "PORTO-demo" }),
    "The order's result is wrong",
  );

  say();
  say("3. Was anything done twice?");
  checkSteps(server);
  await checkLedgers(server);
  return { server, id };
}

/** A step prints a line when its code runs. The output has the lines of both processes. */
function checkSteps(server: LocalServer): void {
  for (const step of ["price the order", "print the label"]) {
    const runs = server.output.split(`order demo: ${step}`).length - 1;
    say(`  step "${step}" ran ${times(runs)}`);
    check(runs === 1, `The step "${step}" should have run once`);
  }
}

async function checkLedgers(server: LocalServer): Promise<void> {
  const systems = ["PaymentGateway/ada", "Warehouse/teapot", "Warehouse/cup", "Courier/Porto"];
  for (const system of systems) {
    const ledger = await server.call<LedgerEntry[]>(`${system}/ledger`);
    for (const { key, amount, calls } of ledger) {
      say(`  ${system.padEnd(18)} was asked ${times(calls)}: ${String(amount).padStart(4)} for ${key}`);
    }
    const [entry, ...others] = ledger;
    check(entry?.calls === 1 && others.length === 0, `${system} should have been asked once`);
  }
}

const times = (count: number) => (count === 1 ? "once" : `${count} times`);

async function bankDemo(): Promise<void> {
  say();
  say("4. Four accounts with 100.00 each, 40 transfers at once, each ordered twice");
  const server = await serve("02-bank-account.ts");
  const names = ["ada", "bob", "eve", "fay"];
  await Promise.all(names.map((name) => server.call(`Account/${name}/deposit`, { cents: 10_000 })));

  const transfers = Array.from({ length: 40 }, (_, index) => ({
    id: `t${index}`,
    order: {
      from: names[index % 4],
      to: names[(index + 1 + (index % 3)) % 4],
      cents: 1500 + 100 * (index % 7),
    },
  }));
  const results = await Promise.all(
    [...transfers, ...transfers].map(({ id, order }) =>
      server.call<{ status: string }>(`Transfer/${id}/execute`, order),
    ),
  );
  const first = results.slice(0, transfers.length);
  check(
    isDeepStrictEqual(first, results.slice(transfers.length)),
    "A repeated transfer was answered differently",
  );
  const done = first.filter(({ status }) => status === "done").length;
  sayTimed(`${done} done, ${first.length - done} refused for lack of money`);

  let total = 0;
  for (const name of names) {
    const cents = await server.call<number>(`Account/${name}/balance`);
    say(`  ${name} ${(cents / 100).toFixed(2).padStart(8)}`);
    total += cents;
  }
  say(`  sum ${(total / 100).toFixed(2).padStart(8)}`);
  check(total === 40_000, "Money was made or lost");
  await server.stop();
}

async function main(): Promise<void> {
  say("Perdure: an order survives the death of its server");
  say();
  const order = await orderDemo();
  await bankDemo();
  say();
  say(`All as it should be, after ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s.`);
  clearTimeout(deadline);
  say();
  await look(order);
}

/** What happened to the order, in the web UI. */
async function look({ server, id }: Order): Promise<void> {
  const page = `invocations/${id}`;
  if (process.stdin.isTTY && process.stdout.isTTY) {
    say("What happened to the order, with the crash in the middle:");
    say(`  ${server.page(page)}`);
    say("Press Enter to end.");
    await once(process.stdin, "data");
    process.stdin.pause();
    return server.stop();
  }
  await server.stop(KEPT_DATA);
  say("Look at what happened to the order, with the crash in the middle. Start its server again:");
  say(`  npm run perdure -- dev examples/03-order-saga.ts --data ${KEPT_DATA}`);
  say("and open:");
  say(`  http://localhost:${ADMIN_PORT}/ui/${page}`);
}

// When this process exits for any reason, it ends the servers and removes their files.
process.once("SIGINT", () => process.exit(130));
const deadline = setTimeout(
  () => fail(new Error(`Not done after ${TIMEOUT_MS / 1000} s`)),
  TIMEOUT_MS,
).unref();

function fail(error: unknown): void {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  for (const { output } of servers) console.error(output.split("\n").slice(-20).join("\n"));
  process.exit(1);
}

try {
  await main();
} catch (error) {
  fail(error);
}
