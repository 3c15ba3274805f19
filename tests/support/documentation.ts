// What README.md and the doc comments show, as things that can be tried: TypeScript and commands.

const ROOT = new URL("../../", import.meta.url);

/** A program that has not ended by then waits for something that never comes. */
const RUN_MS = 20_000;

/** A fenced block of TypeScript. */
export interface Block {
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** Fenced as `ts ignore`. In README it is checked but not run. */
  readonly ignored: boolean;
}

/** A command line of the tool, without what starts it. */
export interface Command {
  /** As README has it. */
  readonly text: string;
  /** `publish`, `subscribe`, `test` ...; undefined where there is none. */
  readonly name: string | undefined;
  /** Each option without its value, such as `-t` or `--will-topic`. */
  readonly options: readonly string[];
}

/** The text of README.md. */
export function readReadme(): Promise<string> {
  return Deno.readTextFile(new URL("README.md", ROOT));
}

/** Every fenced block of TypeScript. */
export function blocks(markdown: string): Block[] {
  const fence = /^```(?:ts|typescript)\b(.*)\n([^]*?)^```$/gm;
  return Array.from(markdown.matchAll(fence), (match) => ({
    line: markdown.slice(0, match.index).split("\n").length + 1,
    code: match[2] ?? "",
    ignored: /\bignore\b/.test(match[1] ?? ""),
  }));
}

/** Every fenced block of TypeScript in the doc comments of a source file. */
export function docBlocks(source: string): Block[] {
  // Line for line, what is no doc comment becomes nothing, so that lines keep their numbers.
  let inside = false;
  const comments = source.split("\n").map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    const text = inside ? line.replace(/^\s*\/?\*+\/? ?/, "") : "";
    if (line.includes("*/")) inside = false;
    return text;
  });
  return blocks(comments.join("\n"));
}

/**
 * The block as a program of its own: the module and the test kit are this checkout's, the server the one at `url`.
 * Code that does not import `connect` is given it; what does not call it, a connected `client`.
 */
export function program({ code }: Block, url: string): string {
  const mod = new URL("mod.ts", ROOT).href;
  const testing = new URL("testing.ts", ROOT).href;
  const start = [
    ...(/^import .*\bconnect\b/m.test(code)
      ? []
      : [`import { connect } from "${mod}";\n`]),
    ...(code.includes("connect(")
      ? []
      : [`await using client = await connect("${url}");\n`]),
  ].join("");
  return start + code
    .replaceAll(
      /(["'])(?:\.\/mod\.ts|(?:jsr:)?@midge\/mqtt(?:@[^"']*)?)\1/g,
      `"${mod}"`,
    )
    .replaceAll(/(["'])\.\/testing\.ts\1/g, `"${testing}"`)
    .replaceAll(
      /mqtt:\/\/(?:localhost|127\.0\.0\.1)(?::1883)?(?=["'`/])/g,
      url,
    );
}

/**
 * Writes the blocks as programs next to each other, lets `use` have their paths, and removes them.
 */
export async function withPrograms(
  blocks: readonly Block[],
  url: string,
  use: (paths: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "midge-documentation-" });
  try {
    const paths: string[] = [];
    for (const block of blocks) {
      const path = `${folder}/line_${block.line}_${paths.length}.ts`;
      await Deno.writeTextFile(path, program(block, url));
      paths.push(path);
    }
    await use(paths);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs deno with the settings of this repository; gives back its exit code and its words. */
export async function deno(
  args: readonly string[],
): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(RUN_MS),
  }).output();
  const text = new TextDecoder();
  return { code, said: text.decode(stdout) + text.decode(stderr) };
}

/** Every line of a shell block that starts the tool: from a clone, by URL or installed. */
export function commands(markdown: string): Command[] {
  const fence = /^```(?:sh|shell|bash|console)\n([^]*?)^```$/gm;
  return Array.from(markdown.matchAll(fence), (match) => match[1] ?? "")
    .flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
    .flatMap((line) => command(line) ?? []);
}

function command(line: string): Command | undefined {
  const words = line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  const start = words.findIndex((word) => /^(midge|\S*\bcli\.ts)$/.test(word));
  if (start === -1) return undefined;
  const end = words.findIndex((word, at) =>
    at > start && /^[|&;<>#]/.test(word)
  );
  const own = words.slice(start + 1, end === -1 ? undefined : end);
  return {
    text: line.trim(),
    name: own.find((word) => /^[a-z]/.test(word)),
    options: own.filter((word) => /^--?[a-zA-Z0-9]/.test(word))
      .map((word) => word.replace(/=.*$/, "")),
  };
}
