/** Restate's published client, unchanged, against any server of `fixtures/client.ts`. */
import { connect, HttpCallError, type Ingress, rpc } from "@restatedev/restate-sdk-clients";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Started, until } from "./target.ts";

/** The fixture's services in the form of the client's types: a context, then the input. */
type Greeter = {
  greet: (context: unknown, name: string) => Promise<string>;
  count: (context: unknown, object: string) => Promise<number>;
  wait: (context: unknown) => Promise<{ from: string }>;
  refuse: (context: unknown) => Promise<string>;
};
type Counter = {
  add: (context: unknown, amount: number) => Promise<number>;
  kept: (context: unknown) => Promise<string | null>;
};
type Signup = {
  run: (context: unknown, mail: string) => Promise<string>;
  confirm: (context: unknown, how: string) => Promise<string>;
};

export function clientSuite(name: string, start: () => Promise<Started>): void {
  describe(`the published client: ${name}`, () => {
    let server: Started;
    let ingress: Ingress;
    beforeAll(async () => {
      server = await start();
      ingress = connect({ url: server.url });
    });
    afterAll(() => server.stop());

    const greeter = () => ingress.serviceClient<Greeter>({ name: "Greeter" });
    const greeterSends = () => ingress.serviceSendClient<Greeter>({ name: "Greeter" });
    const counter = (key: string) => ingress.objectClient<Counter>({ name: "Counter" }, key);
    const counterSends = (key: string) => ingress.objectSendClient<Counter>({ name: "Counter" }, key);
    const signup = (key: string) => ingress.workflowClient<Signup>({ name: "Signup" }, key);

    test("calls services and objects; keys with slashes and letters of any kind", async () => {
      expect(await greeter().greet("Ada")).toBe("hello Ada");
      expect(await counter("a").add(2)).toBe(2);
      expect(await counter("a").add(3)).toBe(5);
      expect(await counter("ä/ö ?#%").add(1)).toBe(1);
      expect(await greeter().count("a")).toBe(6);
    });

    test("errors carry the handler's code", async () => {
      const refused = await greeter()
        .refuse()
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(refused).toBeInstanceOf(HttpCallError);
      expect(refused).toMatchObject({
        status: 418,
        responseText: expect.stringContaining("no tea") as string,
      });
    });

    test("sends, attaches, and repeats idempotently", async () => {
      const options = rpc.sendOpts<string>({ idempotencyKey: "once" });
      const first = await greeterSends().count("sends", options);
      const second = await greeterSends().count("sends", options);
      expect(first).toMatchObject({ status: "Accepted", attachable: true });
      expect(second).toMatchObject({ status: "PreviouslyAccepted", invocationId: first.invocationId });
      expect(await ingress.result(first)).toBe(1);
      expect(await ingress.result(second)).toBe(1);
      const called = await Promise.all([
        greeter().count("sends", rpc.opts({ idempotencyKey: "again" })),
        greeter().count("sends", rpc.opts({ idempotencyKey: "again" })),
      ]);
      expect(called).toEqual([2, 2]);
    });

    test("a delayed send comes when it is due", async () => {
      await counterSends("delayed").add(1, rpc.sendOpts({ delay: 300 }));
      expect(await counter("delayed").add(0)).toBe(0);
      await until(
        () => counter("delayed").add(0),
        (total) => total === 1,
      );
    });

    test("submits a workflow once, peeks, attaches, and calls its shared handlers", async () => {
      const workflow = signup("ada");
      const submitted = await workflow.workflowSubmit("ada@example.com");
      expect(submitted).toMatchObject({ status: "Accepted", attachable: true });
      expect(await workflow.workflowSubmit("other")).toMatchObject({ status: "PreviouslyAccepted" });
      expect(await workflow.workflowOutput()).toMatchObject({ ready: false });
      const attached = workflow.workflowAttach();
      expect(await workflow.confirm("by mail")).toBe("thanks");
      expect(await attached).toBe("ada@example.com by mail");
      expect(await workflow.workflowOutput()).toMatchObject({
        ready: true,
        result: "ada@example.com by mail",
      });
      expect(await ingress.result<string>(submitted)).toBe("ada@example.com by mail");
      await expect(signup("nobody").workflowAttach()).rejects.toMatchObject({ status: 404 });
    });

    test("resolves and rejects awakeables", async () => {
      const idAfter = async (before: string | null): Promise<string> => {
        const id = await until(
          async () => counter("awakeables").kept(),
          (kept) => kept !== null && kept !== before,
        );
        return id ?? "";
      };
      const resolved = greeter().wait();
      const first = await idAfter(null);
      await ingress.resolveAwakeable(first, { from: "outside" });
      expect(await resolved).toEqual({ from: "outside" });

      const rejected = expect(Promise.resolve(greeter().wait())).rejects.toMatchObject({
        status: 500,
        responseText: expect.stringContaining("not today") as string,
      });
      await ingress.rejectAwakeable(await idAfter(first), "not today");
      await rejected;
    });
  });
}
