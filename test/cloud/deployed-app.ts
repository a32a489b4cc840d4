/** The deployed app, behind addresses of its own. */
import { Target } from "../e2e/target.ts";
import type { Proxy } from "./api-proxy.ts";

export class DeployedApp extends Target {
  readonly #ingress: Proxy;
  readonly #admin: Proxy;

  constructor(ingress: Proxy, admin: Proxy) {
    super();
    this.#ingress = ingress;
    this.#admin = admin;
  }

  get url(): string {
    return this.#ingress.url;
  }
  get adminUrl(): string {
    return this.#admin.url;
  }
  /** It is every suite's. */
  async stop(): Promise<void> {}
}
