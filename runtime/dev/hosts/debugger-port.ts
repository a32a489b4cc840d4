/**
 * The port at which a debugger attaches. One process at a time has it: that of the newest code. On a reload, and after a crash, it is
 * passed on. A process that stands at a breakpoint keeps it until it goes on.
 */
/** As much of a host process as this knows. */
export interface Inspectable {
  readonly takesTurns: boolean;
  inspect(port: number | undefined): Promise<string | undefined>;
}

export class DebuggerPort {
  #port: number | undefined;
  #holder: Inspectable | undefined;
  #address = "";
  #passing: { readonly to: Inspectable; readonly done: Promise<void> } | undefined;

  /** From now on there is one. */
  open(port: number): void {
    this.#port = port;
  }

  /** To this process, if it does not have it. Resolves with the address. Throws `Error` if the port is not free; whoever calls it again
   * tries again. */
  async pass(to: Inspectable): Promise<string> {
    const port = this.#port;
    if (port === undefined || to === this.#holder) return this.#address;
    if (this.#passing?.to !== to) {
      const before = this.#passing?.done ?? Promise.resolve();
      const done = before.catch(() => undefined).then(async () => await this.#pass(port, to));
      this.#passing = { to, done };
    }
    const { done } = this.#passing;
    try {
      await done;
    } finally {
      if (this.#passing.done === done) this.#passing = undefined;
    }
    return this.#address;
  }

  async #pass(port: number, to: Inspectable): Promise<void> {
    if (!to.takesTurns) return;
    // It answers when it does not stand at a breakpoint any more.
    if (this.#holder?.takesTurns === true) await this.#holder.inspect(undefined);
    this.#holder = undefined;
    const address = await to.inspect(port);
    if (address === undefined) throw new Error(`a debugger cannot attach at port ${port}: it is in use`);
    this.#address = address;
    this.#holder = to;
  }
}
