/**
 * The client id of those who ask for none.
 *
 * @module
 */

const ID_CHARACTERS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** `midge` and 17 random letters and digits: 22 bytes, and the longest that MQTT 3.1 allows is 23. */
export function randomClientId(): string {
  let id = "midge";
  while (id.length < 22) {
    const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
    // Only a multiple of 62 gives each character the same chance.
    if (byte < 248) id += ID_CHARACTERS[byte % 62];
  }
  return id;
}
