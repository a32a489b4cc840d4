/** `perdure ui`: the UI of a server elsewhere. Here that is one on this machine, behind the proxy of the command. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { Cli } from "../../cli/cli.ts";
import { startUi } from "../../cli/ui/serve.ts";
import { PACKAGE_ROOT, Server } from "../e2e/server.ts";
import { describeInBrowser, openPage } from "./support/browser.ts";

/** What a page of another server on this machine tries. */
const FOREIGN = `<script>
  const tries = [
    fetch(TARGET + "/invocations", { credentials: "include" }),
    fetch(TARGET + "/invocations/kill", { method: "POST", mode: "no-cors", credentials: "include", body: "{}" }),
    new Promise((resolve, reject) => {
      const frame = document.createElement("iframe");
      frame.src = TARGET + "/ui/";
      frame.onload = () => { try { resolve(frame.contentDocument.title); } catch (error) { reject(error); } };
      document.body.append(frame);
    }),
  ];
  Promise.allSettled(tries).then((all) => {
    document.title = "tried " + all.map(({ status, value }) => (status === "rejected" ? "no" : value.type ?? "no")).join(" ");
  });
</script>`;

describeInBrowser("the UI of a server elsewhere", () => {
  let server: Server;
  let folder: string;
  beforeAll(async () => {
    server = await Server.start({ file: join(PACKAGE_ROOT, "examples/01-greeter.ts") });
    folder = mkdtempSync(join(tmpdir(), "perdure-ui-"));
    mkdirSync(join(folder, "perdure"));
    const environments = { shop: { url: server.adminUrl, production: true } };
    writeFileSync(join(folder, "perdure", "config.json"), JSON.stringify({ environments }));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  async function started(readOnly: boolean) {
    vi.stubEnv("XDG_CONFIG_HOME", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { link, stop } = await startUi(new Cli({ env: "shop" }), { port: 0, readOnly });
    onTestFinished(stop);
    const { origin, search } = new URL(link);
    return { origin, entry: `/${search}` };
  }

  test("its link opens it, the key leaves the address, and the page says where it is", async () => {
    const { origin, entry } = await started(false);
    const page = await openPage(origin, entry);
    await page.getByText("PRODUCTION").waitFor();
    expect(page.url()).toBe(`${origin}/ui/`);
    expect(await page.evaluate("document.cookie")).toBe("");
    expect(await page.locator(".env").textContent()).toContain("shop");
  });

  test("handlers are called through it, and the list shows it without word of changes", async () => {
    const { origin, entry } = await started(false);
    const page = await openPage(origin, entry);
    await page.goto(`${origin}/ui/invocations`);
    await page.locator("main").getByText("Loading…").waitFor({ state: "detached" });
    // As the playground does.
    const status = await page.evaluate<number>(
      `fetch("/ingress/Greeter/greet", {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "Ada" }),
      }).then((answer) => answer.status)`,
    );
    expect(status).toBe(200);
    await page.goto(`${origin}/ui/invocations?status=completed`);
    await page.getByText("Greeter").first().waitFor();
  });

  test("read-only, it says so, and hands on nothing that changes anything", async () => {
    const { origin, entry } = await started(true);
    const page = await openPage(origin, entry);
    await page.locator(".env").getByText("read-only").waitFor();
    const answer = await page.evaluate<string>(
      `fetch("/invocations/cancel", { method: "POST", body: "{}" }).then((answer) => answer.text())`,
    );
    expect(answer).toContain("hands on nothing that changes anything");
  });

  test("a page of another server on this machine gets nothing, though its browser has the key", async () => {
    const { origin, entry } = await started(false);
    const page = await openPage(origin, entry);
    const foreign = createServer((_, response) => {
      response
        .setHeader("content-type", "text/html")
        .end(FOREIGN.replaceAll("TARGET", JSON.stringify(origin)));
    });
    await new Promise<void>((done) => foreign.listen(0, "127.0.0.1", done));
    onTestFinished(() => void foreign.close());
    // What it tries is refused, and the browser says so in the console of that page.
    const other = await page.context().newPage();
    await other.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
    await other.waitForFunction(`document.title.startsWith("tried")`);
    // An answer without CORS headers that was not asked for in that mode is opaque: the page cannot read it. It was a refusal.
    expect(await other.title()).toBe("tried no opaque no");
    const { actions } = (await (await fetch(`${server.adminUrl}/audit`)).json()) as { actions: unknown[] };
    expect(actions).toEqual([]);
  });
});
