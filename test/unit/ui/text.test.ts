/** Names as they may be shown. */
import { expect, test } from "vitest";
import { visible, visibleName } from "../../../ui/words/text.ts";

test("what nobody sees is shown as its number, and a name stays in one line", () => {
  expect(visible("a\u202Etxt\u0007")).toBe("a⟨U+202E⟩txt⟨U+0007⟩");
  expect(visible("two\nlines")).toBe("two\nlines");
  expect(visibleName("two\nlines\t")).toBe("two⟨U+000A⟩lines⟨U+0009⟩");
});
