/** The published CLI's commands for deployments and services, in the order in which a user comes to need them. */
import { describe, expect, test } from "vitest";
import { startedPerdure, whyNot } from "./started.ts";

const ID = /dp_1[0-9A-Za-z]{22}/u;

describe.skipIf(whyNot !== undefined)("restate: deployments and services", () => {
  const perdure = startedPerdure();

  async function deployment(): Promise<string> {
    const { stdout } = await perdure().cli.run("dp", "ls");
    return ID.exec(stdout)?.[0] ?? `no id in ${stdout}`;
  }

  test("whoami", async () => {
    const { cli, admin, ingress } = perdure();
    const { code, stdout } = await cli.run("whoami");
    expect(stdout).toContain(`Admin Service '${admin}/' is healthy!`);
    expect(stdout).toMatch(
      new RegExp(`Advertised ingress address +http://localhost:${new URL(ingress).port}/`, "u"),
    );
    expect(code).toBe(0);
  });

  test("deployments register: shows what will be added, and adds it", async () => {
    const { cli, uri } = perdure();
    const { code, stdout, stderr } = await cli.run("-y", "dp", "register", uri);
    expect(stderr).toBe("");
    expect(stdout).toContain("SERVICES THAT WILL BE ADDED");
    expect(stdout).toMatch(/- Counter\s+Type: VirtualObject/u);
    expect(stdout).toMatch(/- Signup\s+Type: Workflow/u);
    expect(stdout).toMatch(/Deployment ID: +dp_1[0-9A-Za-z]{22}\n/u);
    expect(stdout).toMatch(/Greeter +1 *\n/u);
    expect(code).toBe(0);
  });

  test("deployments register again: says that nothing changes", async () => {
    const { cli, uri } = perdure();
    const { code, stdout } = await cli.run("-y", "dp", "register", uri);
    expect(stdout).toContain(`Deployment already exists with id ${await deployment()}`);
    expect(code).toBe(0);
  });

  test("deployments register --force: a new revision of each service", async () => {
    const { cli, uri } = perdure();
    const { code, stdout, stderr } = await cli.run("-y", "dp", "register", "--force", uri);
    expect(stderr).toContain("This is a DANGEROUS operation!");
    expect(stdout).toContain("SERVICES THAT WILL BE UPDATED");
    expect(stdout).toContain("Revision: 1 -> 2");
    expect(code).toBe(0);
  });

  test("deployments register: nobody answers there", async () => {
    const { code, stderr } = await perdure().cli.run("-y", "dp", "register", "http://127.0.0.1:1");
    expect(stderr).toContain("META0003");
    expect(code).toBe(1);
  });

  test("deployments list", async () => {
    const { cli, uri } = perdure();
    const { code, stdout } = await cli.run("dp", "ls");
    expect(stdout).toContain(uri);
    expect(stdout).toMatch(ID);
    for (const name of ["Chain", "Counter", "Greeter", "Signup"]) expect(stdout).toContain(`- ${name} [2]`);
    expect(code).toBe(0);
  });

  test("deployments list --extra: whether it is in use", async () => {
    const { code, stdout, stderr } = await perdure().cli.run("dp", "ls", "--extra");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/HTTP +Active +0 +dp_1/u);
    expect(code).toBe(0);
  });

  test("deployments describe", async () => {
    const { cli, uri } = perdure();
    const id = await deployment();
    const { code, stdout, stderr } = await cli.run("dp", "describe", id, "--extra");
    expect(stderr).toBe("");
    expect(stdout).toMatch(new RegExp(`ID: +${id}`, "u"));
    expect(stdout).toMatch(new RegExp(`Endpoint: +${uri}`, "u"));
    expect(stdout).toMatch(/Invocations: +0/u);
    expect(stdout).toMatch(/- Counter\s+Type: VirtualObject[^\n]*\s+Revision: 2 \[Latest\]/u);
    expect(code).toBe(0);
  });

  test("services list", async () => {
    const { code, stdout } = await perdure().cli.run("svc", "ls", "--extra");
    expect(stdout).toMatch(/\[public\] +Counter +2 .*virtual object +HTTP +dp_1/u);
    expect(stdout).toMatch(/\[public\] +Signup +2 .*workflow +HTTP/u);
    for (const handler of ["hold", "verify", "refuse"]) expect(stdout).toContain(handler);
    expect(code).toBe(0);
  });

  test("services describe", async () => {
    const { code, stdout } = await perdure().cli.run("svc", "describe", "Counter");
    expect(stdout).toMatch(/Service type: +VirtualObject/u);
    expect(stdout).toMatch(/read +application\/json +application\/json/u);
    expect(code).toBe(0);
  });

  test("services describe: an unknown one", async () => {
    const { code, stderr } = await perdure().cli.run("svc", "describe", "Nope");
    expect(stderr).toContain("404 Not Found");
    expect(code).toBe(1);
  });

  test("services config view and patch", async () => {
    const { cli } = perdure();
    const before = await cli.run("svc", "config", "view", "Counter");
    expect(before.stdout).toMatch(/Idempotent requests retention: +1d/u);
    expect(before.stdout).toMatch(/Inactivity timeout: +20ms/u);
    expect(before.stdout).toMatch(/Public: +true/u);
    const options = ["--idempotency-retention", "5d 1h", "--public", "false"];
    const patched = await cli.run("-y", "svc", "config", "patch", "Counter", ...options);
    expect(patched.stderr).toBe("");
    expect(patched.code).toBe(0);
    const after = await cli.run("svc", "config", "view", "Counter");
    expect(after.stdout).toMatch(/Idempotent requests retention: +5d 1h/u);
    expect(after.stdout).toMatch(/Public: +false/u);
    expect(after.code).toBe(0);
  });

  test("services config patch: nobody says yes", async () => {
    const { code, stderr } = await perdure().cli.run(
      "svc",
      "config",
      "patch",
      "Greeter",
      "--abort-timeout",
      "1m",
    );
    expect(stderr).toContain("User aborted");
    expect(code).toBe(1);
  });

  test("services config view: retention of workflows", async () => {
    const { stdout } = await perdure().cli.run("svc", "config", "view", "Signup");
    expect(stdout).toMatch(/Workflow retention time: +1d/u);
    expect(stdout).toMatch(/Max attempts: +\d+/u);
  });

  test("deployments remove: not while it is the latest", async () => {
    const { code, stderr } = await perdure().cli.run("-y", "dp", "remove", await deployment());
    expect(stderr).toContain("Deployment is still Active");
    expect(code).toBe(1);
  });

  test("deployments remove --force", async () => {
    const { cli } = perdure();
    const id = await deployment();
    const { code, stdout } = await cli.run("-y", "dp", "remove", "--force", id);
    expect(stdout).toContain(`Deployment ${id} removed successfully`);
    expect(code).toBe(0);
    const { stderr } = await cli.run("dp", "ls");
    expect(stderr).toContain("No deployments were found!");
  });
});
