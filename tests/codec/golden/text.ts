/**
 * Bytes that are no UTF-8 Encoded String (chapter 1.5.4): RFC 3629 forbids them, and MQTT forbids U+0000.
 *
 * @module
 */

/** What is wrong, and the bytes; see `bytesOf`. */
// deno-fmt-ignore
export const ILL_FORMED = {
  "U+0000": "00",
  "a continuation byte alone": "80",
  "the last continuation byte alone": "bf",
  "two bytes, the second missing": "c3",
  "two bytes, the second no continuation": "c3 28",
  "three bytes, the last missing": "e2 82",
  "three bytes, the second no continuation": "e2 28 a1",
  "three bytes, the last no continuation": "e2 82 28",
  "four bytes, the last missing": "f0 9f 98",
  "four bytes, the last no continuation": "f0 9f 98 28",
  "U+0000 in two bytes": "c0 80",
  "U+007F in two bytes": "c1 bf",
  "U+07FF in three bytes": "e0 9f bf",
  "U+FFFF in four bytes": "f0 8f bf bf",
  "the surrogate U+D800": "ed a0 80",
  "the surrogate U+DFFF": "ed bf bf",
  "a pair of surrogates": "ed a0 bd ed b8 80",
  "U+110000": "f4 90 80 80",
  "the lead byte F5": "f5 80 80 80",
  "a form of five bytes": "f8 88 80 80 80",
  "a form of six bytes": "fc 84 80 80 80 80",
  "the byte FE": "fe",
  "the byte FF": "ff",
} as const;
