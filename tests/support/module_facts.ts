// Reads what one source file imports and which names it uses, with Deno's own parser:
// what stands in a comment or a string is neither.

/** An import, a re-export or an `import("...")`. */
export interface Import {
  /** As written; undefined where it is computed and nobody can tell. */
  readonly specifier: string | undefined;
  /** Only types come through it, so nothing is loaded when the program runs. */
  readonly typeOnly: boolean;
  /** An `import("...")`: what it leads to is loaded when the program comes to it. */
  readonly late: boolean;
}

/** What {@linkcode readModule} finds. */
export interface ModuleFacts {
  /** From the root of the repository, such as `src/topic/name.ts`. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Every identifier, `Math.random` as one, and the keywords `async` and `await`. */
  readonly names: ReadonlySet<string>;
  readonly lines: number;
}

/** Parses `source`. Works inside a test alone, where Deno lends its parser. */
export function readModule(path: string, source: string): ModuleFacts {
  const imports: Import[] = [];
  const names = new Set<string>();
  const add = (specifier: unknown, typeOnly: boolean, late = false) =>
    imports.push({
      specifier: typeof specifier === "string" ? specifier : undefined,
      typeOnly,
      late,
    });
  const noteAsync = (node: { async: boolean }) => {
    if (node.async) names.add("async");
  };
  const visitor: Deno.lint.LintVisitor = {
    ImportDeclaration(node) {
      const typeOnly = node.importKind === "type" ||
        node.specifiers.length > 0 &&
          node.specifiers.every((specifier) =>
            specifier.type === "ImportSpecifier" &&
            specifier.importKind === "type"
          );
      add(node.source.value, typeOnly);
    },
    ExportNamedDeclaration(node) {
      if (!node.source) return;
      const typeOnly = node.exportKind === "type" ||
        node.specifiers.length > 0 &&
          node.specifiers.every((specifier) => specifier.exportKind === "type");
      add(node.source.value, typeOnly);
    },
    ExportAllDeclaration(node) {
      add(node.source.value, node.exportKind === "type");
    },
    ImportExpression(node) {
      add(
        node.source.type === "Literal" ? node.source.value : undefined,
        false,
        true,
      );
    },
    TSImportType(node) {
      const { argument } = node;
      add(
        argument.type === "TSLiteralType" && argument.literal.type === "Literal"
          ? argument.literal.value
          : undefined,
        true,
      );
    },
    Identifier(node) {
      names.add(node.name);
    },
    MemberExpression(node) {
      if (
        node.object.type === "Identifier" && node.property.type === "Identifier"
      ) names.add(`${node.object.name}.${node.property.name}`);
    },
    FunctionDeclaration: noteAsync,
    FunctionExpression: noteAsync,
    ArrowFunctionExpression: noteAsync,
    AwaitExpression() {
      names.add("await");
    },
    "ForOfStatement[await=true]"() {
      names.add("await");
    },
    'VariableDeclaration[kind="await using"]'() {
      names.add("await");
    },
  };
  Deno.lint.runPlugin(
    { name: "facts", rules: { read: { create: () => visitor } } },
    path,
    source,
  );
  return { path, imports, names, lines: source.trimEnd().split("\n").length };
}
