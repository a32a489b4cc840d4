import assert from "node:assert/strict";
import services, { album } from "../../../examples/08-fan-out.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  // Which image ends first is another one.
  compare: "returned",
  test: async (environment) => {
    const images = ["a.jpg", "notes.txt", "bb.png", "c.jpg", "d.jpg", "e.jpg"];
    const outcomes = await environment.workflow(album, "summer").run(images);
    assert.deepEqual(
      outcomes.map(({ image }) => image),
      images,
    );
    return [outcomes, await environment.workflow(album, "summer").progress()];
  },
};
