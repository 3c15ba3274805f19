// The door to Deno's standard assertions. On JSR they are `jsr:@std/assert@1`;
// npm's republish is used because it is in reach wherever npm is.
// @ts-types="./assert.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
