import { expect, onTestFinished, test } from "vitest";
import { LocalBlobStore } from "../../../runtime/local/blob-store.ts";
import { openDatabase } from "../../../runtime/local/database.ts";

test("blobs are kept under their names and never change", async () => {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const blobs = new LocalBlobStore(database);
  const bytes = new Uint8Array(3 * 1024 * 1024).fill(7);
  const put = blobs.put("bundle", bytes);
  bytes.fill(8);
  await put;
  const read = await blobs.get("bundle");
  expect(read?.byteLength).toBe(bytes.byteLength);
  expect(read?.every((byte) => byte === 7)).toBe(true);
  await blobs.put("bundle", new Uint8Array(bytes.byteLength).fill(7));
  await expect(blobs.put("bundle", bytes)).rejects.toThrow(RangeError);
  await blobs.put("empty", new Uint8Array());
  expect(await blobs.get("empty")).toEqual(new Uint8Array());
  expect(await blobs.get("absent")).toBeUndefined();
});
