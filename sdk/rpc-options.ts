/** `rpc`: a call's options, as its last argument. A namespace, as Restate's is: `import sendOpts = rpc.sendOpts`. */
import { type CallOptions, Opts, SendOpts, type SendOptions } from "./rpc.ts";

/** The last argument of a call. */
export const opts = <I = unknown, O = unknown>(options: CallOptions<I, O>): Opts<I, O> => new Opts(options);
/** The last argument of a send. */
export const sendOpts = <I = unknown>(options: SendOptions<I>): SendOpts<I> => new SendOpts(options);
