/** One server for a whole file of tests: each suite has a region of its own, in which nothing is yet. */
import { afterAll, beforeAll } from "vitest";
import { type Moto, startMoto } from "../support/emulator-moto.ts";
import { whyNoPython } from "../support/python-packages.ts";

export const whyNoMoto = whyNoPython();
if (whyNoMoto !== undefined) console.warn(`moto is not tested: ${whyNoMoto}`);

const REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"];
/** It may be installed first. */
const START_MS_MAX = 300_000;

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
