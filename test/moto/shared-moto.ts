/** One server for a whole file of tests: each suite has a region of its own, in which nothing is yet. */
import { afterAll, beforeAll } from "vitest";
import { RestService } from "../../lib/aws/rest-service.ts";
import { SignedHttp } from "../../lib/aws/signed-http.ts";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { type Moto, startMoto } from "../support/emulator-moto.ts";
import { whyNoPython } from "../support/python-packages.ts";

export const whyNoMoto = whyNoPython();
if (whyNoMoto !== undefined) console.warn(`moto is not tested: ${whyNoMoto}`);

const REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"];
/** It may be installed first. */
const START_MS_MAX = 300_000;

/** The light client of a service in a suite's region. */
export const restServiceOf = (
  service: string,
  { region, endpoint }: { readonly region: string; readonly endpoint: string },
  attempts: number,
): RestService =>
  new RestService(
    new SignedHttp({ service, region, endpoint: new URL(endpoint), credentials: () => DUMMY_CREDENTIALS }),
    attempts,
  );

/** Call it where the tests are declared. It answers what makes the next region's endpoint. */
export function sharedMoto() {
  let moto: Moto | undefined;
  const free = [...REGIONS];
  beforeAll(async () => {
    moto = await startMoto();
  }, START_MS_MAX);
  afterAll(() => moto?.close());
  return () => {
    const region = free.shift();
    if (moto === undefined || region === undefined)
      throw new Error("moto is not started, or has no region left");
    return { endpoint: moto.endpoint, region, config: moto.config(region) };
  };
}
