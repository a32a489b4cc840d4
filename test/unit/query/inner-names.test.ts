import { expect, test } from "vitest";
import { withInnerNames } from "../../../runtime/query/inner-names.ts";
import { sqlOf, tokensOf } from "../../../runtime/query/tokens.ts";

test.each([
  ["select count(1) from (select * from t a limit 5) where a.x = 1", "limit 5) a where a.x"],
  ["select count(1) from (select * from t as a) where a.x = 1", "from t as a) a where"],
  ["select count(1) from (select f(x, (select 1 from u)) from t limit 5) order by t.x", "limit 5) t order"],
  [
    "select 1 from (select * from t) union select 2 from (select * from u b)",
    "from t) t union select 2 from (select * from u b) b",
  ],
  ["select 1 from t join (select * from u b) on b.x = t.x", "from u b) b on b.x"],
  ["select 1 from (select * from (select * from t a))", "from (select * from (select * from t a) a)"],
])("%s", (query, part) => {
  expect(sqlOf(withInnerNames(tokensOf(query)))).toContain(part);
});

test.each([
  "select 1 from (select * from t a) b where b.x = 1",
  "select 1 from (select * from t a) as b",
  "select 1 from (select * from t a, u b) where a.x = 1",
  "select 1 from (select * from t a join u b on a.x = b.x)",
  "select 1 from (select * from t as a, u)",
  "select 1 from (select * from t join u)",
  "select x in (select x from t) from u",
  "select 1 from (values (1))",
])("nothing is named in %s", (query) => {
  expect(sqlOf(withInnerNames(tokensOf(query)))).toBe(query);
});
