/**
 * Serves this folder on loopback the way a module host does, to try `deno run` by URL:
 * a server that guesses another content type for `.ts` than these makes every import fail.
 * The port is 8000, or the argument; 0 takes one that is free, and tells which.
 *
 * @module
 */
const ROOT = new URL("../", import.meta.url);
const PORT = 8000;

/** The content type of each extension that is served; anything else is plain text. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ts: "application/typescript",
  js: "text/javascript",
  json: "application/json",
  md: "text/markdown",
};

/** Answers a GET or HEAD with a file of this folder. */
export async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  // An encoded slash would climb out of the folder once the path is decoded,
  // and what starts with a dot (.git) is nobody's module.
  if (/%2f|%5c|\/\./i.test(pathname)) return notFound();
  try {
    const body = await Deno.readFile(new URL(`.${pathname}`, ROOT));
    const extension = pathname.slice(pathname.lastIndexOf(".") + 1);
    const type = CONTENT_TYPES[extension] ?? "text/plain";
    return new Response(body, {
      headers: { "content-type": `${type}; charset=utf-8` },
    });
  } catch {
    return notFound();
  }
}

function notFound(): Response {
  return new Response("not found\n", { status: 404 });
}

if (import.meta.main) {
  const port = Number(Deno.args[0] ?? PORT);
  Deno.serve({ hostname: "127.0.0.1", port }, answer);
}
