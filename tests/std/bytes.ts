// The door to Deno's standard byte functions. On JSR they are `jsr:@std/bytes@1`;
// npm's republish is used because it is in reach wherever npm is.
// @ts-types="./bytes.d.ts"
export * from "npm:deno-std@1.4.0/bytes/mod.js";
