import assert from "node:assert/strict";
import services, { trip } from "../../../examples/06-agent.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  test: async (environment) => {
    const client = environment.workflow(trip, "a");
    const planned = client.run("I want to go to Porto");
    await environment.settled();
    assert.equal(await client.question(), "Book a flight to Porto for 120?");
    await client.decide(true);
    // Nobody answers for a day.
    const late = await environment.workflow(trip, "b").run("I want to go to Oslo");
    return [await planned, late];
  },
};
