/** Keeps the newest code of the user's files in service: bundles and deploys it, and again when one of them changes. */
import { BuildError, type Bundle, Bundler } from "./bundler.ts";
import type { Deployed, Deployer } from "./deployer.ts";
import type { HostPool } from "./hosts/host-pool.ts";
import { FileWatch } from "./file-watch.ts";
import { toldIfSlow } from "./slow-load.ts";
import { REBUILD_MS } from "../../lib/limits/local.ts";

export type ReloadEvent =
  | { readonly kind: "deployed"; readonly deployed: Deployed }
  /** The code before it stays in service. */
  | {
      readonly kind: "build-failed";
      readonly stage: BuildError["stage"] | "deploy";
      readonly message: string;
    }
  /** The file was changed back to the code that is in service. */
  | { readonly kind: "build-recovered" }
  | { readonly kind: "warning"; readonly message: string };

export class Reloader {
  readonly #bundler: Bundler;
  readonly #deployer: Deployer;
  readonly #pool: HostPool;
  readonly #report: (event: ReloadEvent) => void;
  readonly #watch = new FileWatch(() => this.#reload());
  #current: string | undefined;
  /** The last code that could not be loaded. It is not tried again. */
  #rejected: { readonly deployment: string; readonly error: BuildError } | undefined;
  #failure: string | undefined;
  #building: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    files: readonly string[],
    parts: { deployer: Deployer; pool: HostPool; report: (event: ReloadEvent) => void },
  ) {
    this.#bundler = new Bundler(files);
    this.#deployer = parts.deployer;
    this.#pool = parts.pool;
    this.#report = parts.report;
  }

  /** Throws {@link BuildError} if they cannot be served. */
  async start(watch: boolean): Promise<Deployed> {
    const bundle = await this.#bundler.build();
    const deployed = await this.#deploy(bundle);
    if (watch) this.#watchFiles(bundle);
    else await this.#bundler.close();
    return deployed;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#watch.close();
    await this.#bundler.close();
  }

  async #deploy(bundle: Bundle): Promise<Deployed> {
    for (const message of bundle.warnings) this.#report({ kind: "warning", message });
    const deployed = await toldIfSlow(() => this.#deployer.deploy(bundle, this.#pool), {
      files: bundle.files,
      before: this.#current === undefined ? "" : " The code before it serves meanwhile.",
      tell: (message) => this.#stopped || this.#report({ kind: "warning", message }),
    });
    this.#current = deployed.deployment;
    this.#report({ kind: "deployed", deployed });
    return deployed;
  }

  #watchFiles({ files }: Bundle): void {
    const unwatched = this.#watch.set(files);
    if (unwatched.length === 0) return;
    this.#report({
      kind: "warning",
      message: `cannot watch ${unwatched.join(", ")}. Restart perdure dev after you change something there.`,
    });
  }

  /** One at a time. The next one takes up a change in the meantime. */
  #reload(): void {
    this.#building = this.#building.then(() => this.#rebuild());
  }

  async #rebuild(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    try {
      const bundle = await this.#bundler.build();
      this.#watchFiles(bundle);
      if (bundle.deployment === this.#current) {
        if (this.#failure !== undefined) this.#report({ kind: "build-recovered" });
      } else {
        await this.#try(bundle);
      }
      this.#failure = undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #try(bundle: Bundle): Promise<void> {
    const { deployment } = bundle;
    if (this.#rejected?.deployment === deployment) throw this.#rejected.error;
    try {
      await this.#deploy(bundle);
    } catch (error) {
      if (error instanceof BuildError) this.#rejected = { deployment, error };
      throw error;
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    const [stage, message] =
      error instanceof BuildError
        ? ([error.stage, error.message] as const)
        : (["deploy", String(error)] as const);
    if (message !== this.#failure) this.#report({ kind: "build-failed", stage, message });
    this.#failure = message;
    this.#retry = setTimeout(() => this.#reload(), REBUILD_MS);
    this.#retry.unref();
  }
}
