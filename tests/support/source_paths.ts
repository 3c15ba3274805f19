// The source files of the module and the tool, from the root of the repository.

const ROOT = new URL("../../", import.meta.url);

const ENTRIES: readonly string[] = ["mod.ts", "cli.ts", "testing.ts"];

/** Every entry that exists and every file below src/, but for bare declarations. */
export async function sourcePaths(): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name } of Deno.readDir(ROOT)) {
    if (ENTRIES.includes(name)) paths.push(name);
  }
  await walk("src", paths);
  return paths.sort();
}

async function walk(folder: string, paths: string[]): Promise<void> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await walk(path, paths);
    else if (/(?<!\.d)\.ts$/.test(path)) paths.push(path);
  }
}
