/**
 * Many items, a few at a time. An album of images is resized, at most four at once, so that the machine that does it is not
 * overrun. An image that cannot be read does not end the album.
 */
import { DurablePromise, handlers, service, TerminalError, workflow } from "perdure";
import type { Context, WorkflowContext, WorkflowSharedContext } from "perdure";

/** At the same time. */
export const AT_ONCE_MAX = 4;
/** An invocation has at most 50,000 operations, and each image takes a few. */
const IMAGES_MAX = 5_000;

export interface Outcome {
  image: string;
  bytes?: number;
  error?: string;
}
interface AlbumState {
  done: number;
  of: number;
}

export const image = service({
  name: "Image",
  handlers: {
    resize: async (ctx: Context, name: string) =>
      await ctx.run("resize", () => resize(name), { maxRetryAttempts: 3, initialRetryInterval: 50 }),
  },
});

/** Keyed by the album. */
export const album = workflow({
  name: "Album",
  handlers: {
    run: async (ctx: WorkflowContext<AlbumState>, images: string[]): Promise<Outcome[]> => {
      if (!Array.isArray(images) || images.length > IMAGES_MAX)
        throw new TerminalError(`An album is a list of at most ${IMAGES_MAX} images`, { errorCode: 400 });
      const outcomes: Outcome[] = [];
      const left = [...images.entries()];
      const open = new Map<number, DurablePromise<Outcome & { at: number }>>();
      while (left.length > 0 || open.size > 0) {
        while (open.size < AT_ONCE_MAX) {
          const next = left.shift();
          if (next === undefined) break;
          const [at, name] = next;
          const resized = ctx.serviceClient(image).resize(name);
          open.set(
            at,
            resized.map((bytes, error) =>
              error ? { at, image: name, error: error.message } : { at, image: name, bytes: bytes ?? 0 },
            ),
          );
        }
        // The next one begins as soon as any has ended.
        const { at, ...outcome } = await DurablePromise.race([...open.values()]);
        open.delete(at);
        outcomes[at] = outcome;
        ctx.set("done", images.length - left.length - open.size);
        ctx.set("of", images.length);
      }
      return outcomes;
    },

    progress: handlers.workflow.shared(async (ctx: WorkflowSharedContext<AlbumState>) => ({
      done: (await ctx.get("done")) ?? 0,
      of: (await ctx.get("of")) ?? 0,
    })),
  },
});

let running = 0;
/** For the tests: the most that ran at once. */
export const seen = { most: 0 };

/** Stands for the machine that resizes. */
async function resize(name: string): Promise<number> {
  if (!/\.(?:jpg|png)$/u.test(name)) throw new TerminalError(`${name} is no image`, { errorCode: 422 });
  seen.most = Math.max(seen.most, ++running);
  await new Promise((done) => setTimeout(done, 20));
  running--;
  return name.length * 1000;
}

export default [image, album];
