/** A Start of a service, for what looks at journals alone. */
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";

export const startOf = (number: number): Start => ({
  ...{
    kind: "start",
    id: invocationId("S", undefined, new Uint8Array(UNIQUE_SIZE).fill(number)),
    incarnation: 0,
  },
  ...{
    origin: "o",
    target: { service: "S", handler: "go" },
    input: new Uint8Array(1),
    headers: {},
    acceptedAtMs: 1,
  },
});
