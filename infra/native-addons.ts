/** Tells for which platform a native addon was made, by the head of its file. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

export type Cpu = "arm64" | "x64";

/** Of ELF: the magic number, and where the machine is. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const ELF_MAGIC = 0x7f454c46;
const ELF_MACHINE_AT = 18;
const ELF_HEAD = 20;
const ELF_MACHINES: Readonly<Record<Cpu, number>> = { x64: 62, arm64: 183 };

/** The path of an addon whose package has none for linux on this processor. Many packages have some for each platform. */
export function wrongAddon(modules: string, cpu: Cpu): string | undefined {
  const byPackage = new Map<string, string[]>();
  for (const file of readdirSync(modules, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".node")) continue;
    const owner = ownerOf(file);
    byPackage.set(owner, [...(byPackage.get(owner) ?? []), file]);
  }
  for (const files of byPackage.values()) {
    const [first] = files;
    if (!files.some((file) => isFor(join(modules, file), cpu))) return first;
  }
  return undefined;
}

/** The folder of the package that a file belongs to. */
function ownerOf(file: string): string {
  const parts = file.split(/[\\/]/);
  const at = parts.lastIndexOf("node_modules") + 1;
  return parts.slice(0, at + (parts[at]?.startsWith("@") === true ? 2 : 1)).join("/");
}

function isFor(file: string, cpu: Cpu): boolean {
  const head = Buffer.alloc(ELF_HEAD);
  const opened = openSync(file, "r");
  try {
    if (readSync(opened, head) < ELF_HEAD || head.readUInt32BE(0) !== ELF_MAGIC) return false;
  } finally {
    closeSync(opened);
  }
  return head.readUInt16LE(ELF_MACHINE_AT) === ELF_MACHINES[cpu];
}
