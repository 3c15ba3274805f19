// A small file system in memory, where this machine lets us have one.

/** A file system of its own, gone when disposed. */
export interface SmallDisk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Mounts it anew, with other options of `mount`. */
  remount(options: string): Promise<void>;
  /** Takes all the room that is left, until it is disposed. */
  fill(): Promise<AsyncDisposable>;
}

/** Mounts one of so many bytes, as `mount` says them. */
export async function smallDisk(size: string): Promise<SmallDisk> {
  const path = await Deno.makeTempDir({ prefix: "midge-disk-" });
  try {
    await mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
  } catch (error) {
    await Deno.remove(path);
    throw error;
  }
  return {
    path,
    remount: (options) => mount("-o", `remount,${options}`, path),
    fill: () => fill(`${path}/filling`),
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: ["-l", path] }).output();
      await Deno.remove(path);
    },
  };
}

/** Only root may mount, and in a container not even that. */
export const maySmallDisk: boolean = await smallDisk("64k").then(
  async (disk) => {
    await disk[Symbol.asyncDispose]();
    return true;
  },
  () => false,
);

async function mount(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("mount", { args })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function fill(path: string): Promise<AsyncDisposable> {
  using file = await Deno.create(path);
  const block = new Uint8Array(4_096);
  try {
    for (;;) await file.write(block);
  } catch (error) {
    if (!isFull(error)) throw error;
  }
  return { [Symbol.asyncDispose]: () => Deno.remove(path) };
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}
