// What docs/CONFORMANCE.md says, as things that can be checked.

/** A row: a statement of the standard, and what shows that it is kept. */
export interface Statement {
  /** Such as `MQTT-3.3.1-4`. */
  readonly id: string;
  /** Empty where `reason` says why there is none. */
  readonly tests: readonly NamedTest[];
  /** Why no test shows it. */
  readonly reason: string | undefined;
}

/** A test by its file and its name. */
export interface NamedTest {
  /** From the root. */
  readonly file: string;
  readonly name: string;
}

/** A section with its table. */
export interface Section {
  readonly title: string;
  readonly statements: readonly Statement[];
}

/** How many statements of a version apply to a client, and how many of them tests show. */
export interface Count {
  readonly title: string;
  readonly all: number;
  readonly shown: number;
  readonly notShown: number;
}

/** The sections that have a table. */
export function sections(markdown: string): Section[] {
  return markdown.split(/^## /m).slice(1).map((section) => ({
    title: section.split("\n")[0]?.trim() ?? "",
    statements: section.split("\n").filter((line) => /^\| MQTT-/.test(line))
      .map(statement),
  }));
}

/** What the top says of each version. */
export function counts(markdown: string): Count[] {
  const said =
    /^- (MQTT [\d.]+): (\d+) statements apply to a client, (\d+) are shown by tests, (\d+) not\.$/gm;
  return Array.from(markdown.matchAll(said), (match) => ({
    title: match[1] ?? "",
    all: Number(match[2]),
    shown: Number(match[3]),
    notShown: Number(match[4]),
  }));
}

/** What is wrong with the tables, a sentence each; `names` are the tests of each file. */
export function faults(
  markdown: string,
  names: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const all = sections(markdown);
  return [
    ...all.flatMap((section) => faultsOf(section, names)),
    ...counts(markdown).flatMap((count) => {
      const section = all.find(({ title }) => title === count.title);
      const { length = 0 } = section?.statements ?? [];
      const shown = section?.statements.filter(({ tests }) => tests.length > 0)
        .length ?? 0;
      return count.all === length && count.shown === shown &&
          count.notShown === length - shown
        ? []
        : [`${count.title} has ${length} statements, and ${shown} are shown`];
    }),
  ];
}

function faultsOf(
  { title, statements }: Section,
  names: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const ids = statements.map(({ id }) => id);
  return [
    ...ids.filter((id, at) => ids.indexOf(id) !== at)
      .map((id) => `${title}: ${id} stands there twice`),
    ...statements.filter(({ tests, reason }) =>
      tests.length === 0 && reason === undefined
    ).map(({ id }) => `${title}: ${id} has neither a test nor a reason`),
    ...statements.flatMap(({ id, tests }) =>
      tests.filter(({ file, name }) => !names.get(file)?.has(name))
        .map(({ file, name }) =>
          `${title}: ${id} names a test that is not in ${file}: ${name}`
        )
    ),
  ];
}

/** The tests of files, by name. They are asked of a process of their own, and not run. */
export async function testNames(
  files: readonly string[],
): Promise<Map<string, ReadonlySet<string>>> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "tests/support/test_names.ts", ...files],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  const found: Record<string, string[]> = JSON.parse(decoder.decode(stdout));
  return new Map(
    Object.entries(found).map(([file, names]) => [file, new Set(names)]),
  );
}

function statement(line: string): Statement {
  const [, id = "", , shownBy = ""] = line.split("|").map((cell) =>
    cell.trim()
  );
  const tests = Array.from(
    shownBy.matchAll(/([\w/]+_test\.ts): `(.+?)`(?=<br>|$)/g),
    (match) => ({ file: `tests/${match[1]}`, name: match[2] ?? "" }),
  );
  const isReason = /^(Not met|Not applicable): \S/.test(shownBy);
  return { id, tests, reason: isReason ? shownBy : undefined };
}
