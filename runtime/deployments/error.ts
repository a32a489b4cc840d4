/** Why a deployment cannot be registered or moved. Its codes are Restate's; docs/errors explains each of them. */
export type DeploymentErrorCode =
  /** The address does not answer. */
  | "META0003"
  /** A service would change in a way that breaks those who use it. */
  | "META0006"
  /** The endpoint speaks another version of the protocol. */
  | "META0012"
  /** The answer is not a discovery. */
  | "META0013"
  /** The endpoint speaks HTTP/1.1 only. */
  | "META0014"
  /** The deployment does not serve what it served before. */
  | "META0016"
  /** Several deployments share the address. */
  | "META0017";

export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
  /** Absent if nothing here can ask an address what it serves. */
  readonly code: DeploymentErrorCode | undefined;

  /** The message begins with the code, as in Restate. */
  constructor(code: DeploymentErrorCode | undefined, text: string) {
    super(code === undefined ? text : `[${code}] ${text}`);
    this.code = code;
  }
}
