import assert from "node:assert/strict";
import services, { greeter } from "../../../examples/01-greeter.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  // The card is posted at a real time.
  compare: "returned",
  test: async (environment) => {
    const { greet, sendCard } = environment.service(greeter);
    assert.equal(await greet({ name: " Inês ", language: "pt" }), "Olá, Inês!");
    await assert.rejects(greet({ name: "Ada", language: "xx" }), /No greeting/u);
    const { text, postedAt } = await sendCard({ name: "Ada", language: "fr" });
    assert.match(postedAt, /Z$/u);
    return text;
  },
};
