/** The published CLI's commands for Kafka clusters and subscriptions. */
import { describe, expect, test } from "vitest";
import { atWork, startedPerdure, whyNot } from "./started.ts";

const ID = /sub_1[0-9A-Za-z]{22}/u;
const ORDERS = ["kafka://main/orders", "service://Counter/add"] as const;
/** There is no broker. */
const UNREAD = ["perdure.consumer=none"] as const;

describe.skipIf(whyNot !== undefined)("restate: Kafka clusters and subscriptions", () => {
  const perdure = startedPerdure(async (started) => void (await atWork(started)));
  const run = async (...args: string[]) => await perdure().cli.run("-y", ...args);
  const subscription = async (): Promise<string> => ID.exec((await run("sub", "ls")).stdout)?.[0] ?? "none";

  test("kafka-clusters create, list, describe, patch", async () => {
    const made = await run("kc", "create", "main", "bootstrap.servers=127.0.0.1:9092", "sasl.password=dummy");
    expect(made.stdout).toContain("Kafka cluster main created");
    expect(made.code).toBe(0);
    expect((await run("kc", "ls")).stdout).toMatch(/main +127\.0\.0\.1:9092 +2/u);
    // It refuses by itself to send a secret as it was shown.
    const set = ["--set", "bootstrap.servers=127.0.0.1:9093", "--set", "sasl.password=dummy"];
    expect((await run("kc", "patch", "main", ...set)).code).toBe(0);
    const { stdout } = await run("kc", "get", "main");
    expect(stdout).toMatch(/Brokers: +127\.0\.0\.1:9093/u);
    expect(stdout).toMatch(/sasl\.password +\*\*\*/u);
  });

  test("subscriptions create, list, describe", async () => {
    const made = await run("sub", "create", ...ORDERS, "auto.offset.reset=earliest", ...UNREAD);
    expect(made.stdout).toMatch(/Subscription sub_1[0-9A-Za-z]{22} created/u);
    const id = await subscription();
    const { stdout } = await run("sub", "get", id);
    for (const text of [...ORDERS, "127.0.0.1:9093", "earliest", "group.id"]) expect(stdout).toContain(text);
    expect((await run("kc", "get", "main")).stdout).toContain(id);
  });

  test("subscriptions create: a handler that is not there is refused with the reason", async () => {
    const { code, stderr } = await run("sub", "create", ORDERS[0], "service://Counter/none");
    expect(code).not.toBe(0);
    expect(stderr).toContain("META0009");
    expect(stderr).toContain("service 'Counter' has no handler 'none'");
  });

  test("kafka-clusters delete: not while a subscription needs it; subscriptions delete", async () => {
    expect((await run("kc", "rm", "main")).code).not.toBe(0);
    expect((await run("sub", "rm", await subscription())).code).toBe(0);
    expect((await run("sub", "ls")).stdout).toContain("No subscriptions registered");
    expect((await run("kc", "rm", "main")).code).toBe(0);
  });
});
