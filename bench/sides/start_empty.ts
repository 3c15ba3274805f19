// A script that does nothing: what starting Deno takes.
