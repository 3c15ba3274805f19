/**
 * Long work is done in pieces, and between them all others have their turn.
 *
 * @module
 */

/** How many bytes of a log are worked on before others have their turn: about a millisecond's. */
export const PIECE_SIZE = 262_144;

/** Resolves when all that waited had its turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
