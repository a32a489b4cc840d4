/** How a user's file and all that it imports become the code of a function. */
import type { Loader } from "esbuild";

export interface BundlingOptions {
  /**
   * Packages that are there when the function runs, in a layer for instance, and so stay out of the bundle: `"@aws-lambda-powertools/*"`.
   * @default none, but for the AWS SDK (`awsSdk` of the runtime)
   */
  readonly external?: readonly string[];
  /**
   * Packages that are installed beside the bundle, not bundled: those with native addons (`"sharp"`), and those that read files of
   * their own. npm installs the version that your project has, for the operating system and the architecture of the function.
   * @default none
   */
  readonly nodeModules?: readonly string[];
  /**
   * Files and folders that are copied beside the bundle. Paths are relative to the folder of `entry`, and stay so. Files that the code
   * names as `new URL("./data.txt", import.meta.url)` are copied without being listed here.
   * @default none
   */
  readonly files?: readonly string[];
  /** What an import of a file with this ending gives: `{ ".html": "text", ".wasm": "binary" }`. @default esbuild's */
  readonly loader?: Readonly<Record<string, Loader>>;
  /** Expressions and what replaces them: `{ "process.env.STAGE": '"prod"' }`. Values are code. @default none */
  readonly define?: Readonly<Record<string, string>>;
  /** @default true */
  readonly minify?: boolean;
  /**
   * Whether a source map lies beside the bundle, so that stacks name your files and lines. It is read when the first stack is asked
   * for. It has no source text.
   * @default true
   */
  readonly sourceMap?: boolean;
}
