/**
 * The Properties field of a packet (chapter 2.2.2): its length, then one property after the other, as
 * the table in property.ts says.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type Properties,
  type PropertyName,
  type UserProperty,
} from "./packet.ts";
import type { Property, PropertySet } from "./property.ts";
import type { PacketReader } from "./reader.ts";
import { ReasonCode } from "./reason_code.ts";
import { violation } from "./violation.ts";
import { type ByteWriter, VARIABLE_BYTE_INTEGER_MAX } from "./writer.ts";

/**
 * The most values that one property may have in a packet. A User Property can be five bytes long, and
 * then takes some twenty times as much memory; nobody is known to need a hundred.
 */
export const PROPERTY_REPEAT_MAX = 10_000;

type Value = number | boolean | string | Uint8Array | UserProperty;

/** Reads the properties that `set` allows. */
export function decodeProperties(
  reader: PacketReader,
  set: PropertySet,
): Properties {
  const length = reader.variableByteInteger();
  if (length === 0) return NO_PROPERTIES;
  const packetEnd = reader.end;
  const end = reader.position + length;
  if (end > packetEnd) {
    throw reader.malformed("it ends within its properties", "2.2.2.1");
  }
  reader.end = end; // No value may reach beyond the properties.
  const values: { [Name in PropertyName]?: Value | Value[] } = {};
  let seen = 0;
  while (reader.position < end) {
    const id = reader.uint8();
    const property = set.byId[id];
    if (property === undefined) throw notAllowed(reader, set, id);
    const value = decodeValue(reader, property);
    if ((seen & property.bit) === 0) {
      seen |= property.bit;
      values[property.name] = property.repeats ? [value] : value;
    } else {
      addValue(reader, property, values[property.name], value);
    }
  }
  reader.end = packetEnd;
  // By the table each name has the kind of value that Properties promises.
  return values as Properties;
}

function notAllowed(
  reader: PacketReader,
  { carrier }: PropertySet,
  id: number,
): Error {
  const where = carrier === "will" ? "in the will " : "";
  return reader.malformed(
    `property 0x${id.toString(16).padStart(2, "0")} ${where}is not allowed`,
    "2.2.2.2",
  );
}

function addValue(
  reader: PacketReader,
  { name, repeats }: Property,
  values: unknown,
  value: Value,
): void {
  if (!repeats || !Array.isArray(values)) {
    throw reader.protocolError(`${name} comes more than once`, "2.2.2.2");
  }
  if (values.push(value) > PROPERTY_REPEAT_MAX) {
    throw violation(
      reader.header,
      `it has more than ${PROPERTY_REPEAT_MAX} ${name}`,
      ReasonCode.quotaExceeded,
      "4.13",
    );
  }
}

function decodeValue(reader: PacketReader, property: Property): Value {
  switch (property.kind) {
    case "string":
      return reader.string();
    case "stringPair":
      return [reader.string(), reader.string()];
    case "uint32":
      return atLeastMin(reader, property, reader.uint32());
    case "uint16":
      return atLeastMin(reader, property, reader.uint16());
    case "bit":
      return decodeBit(reader, property);
    case "boolean":
      return decodeBit(reader, property) === 1;
    case "variableByteInteger":
      return atLeastMin(reader, property, reader.variableByteInteger());
    case "topicName":
      return decodeTopicName(reader, property);
    case "binary":
      return reader.binary();
  }
}

/** No alias stands for a Topic Name within properties. */
function decodeTopicName(reader: PacketReader, { name }: Property): string {
  const topicName = reader.topicName("MQTT-3.3.2-14");
  if (topicName !== "") return topicName;
  throw reader.protocolError(`${name} is empty`, "MQTT-4.7.3-1");
}

function decodeBit(reader: PacketReader, { name }: Property): 0 | 1 {
  const value = reader.uint8();
  if (value > 1) {
    throw reader.protocolError(`${name} is ${value}, not 0 or 1`, "2.2.2.2");
  }
  return value === 1 ? 1 : 0;
}

function atLeastMin(
  reader: PacketReader,
  { name, min }: Property,
  value: number,
): number {
  if (value >= min) return value;
  // A Topic Alias has a Reason Code of its own (3.3.4).
  throw name === "topicAlias"
    ? violation(
      reader.header,
      "topicAlias is 0",
      ReasonCode.topicAliasInvalid,
      "MQTT-3.3.2-8",
    )
    : reader.protocolError(`${name} is 0`, "2.2.2.2");
}

/** Writes properties; those that `set` does not allow are the caller's mistake. */
export function encodeProperties(
  writer: ByteWriter,
  set: PropertySet,
  properties: Properties,
): void {
  if (properties === NO_PROPERTIES) return writer.uint8(0);
  const start = writer.openLength();
  for (const name in properties) {
    const property = set.byName.get(name);
    if (property === undefined) {
      checkUnset(writer, set, name, properties);
      continue;
    }
    const value = properties[property.name];
    if (value === undefined) continue;
    if (property.repeats) encodeValues(writer, property, value);
    else encodeValue(writer, property, value);
  }
  writer.closeLength(start);
}

/** Whether there is no property at all; a key with the value undefined is none. */
export function isEmpty(properties: Properties): boolean {
  if (properties === NO_PROPERTIES) return true;
  for (const name in properties) {
    if (Reflect.get(properties, name) !== undefined) return false;
  }
  return true;
}

/** Refuses properties in a packet of MQTT 3.x. */
export function refuseProperties(
  writer: ByteWriter,
  properties: Properties,
): void {
  if (!isEmpty(properties)) throw writer.typeError("properties need MQTT 5");
}

function checkUnset(
  writer: ByteWriter,
  { carrier }: PropertySet,
  name: string,
  properties: object,
): void {
  if (Reflect.get(properties, name) === undefined) return;
  const owner = carrier === "will" ? "a will" : carrier.toUpperCase();
  throw writer.typeError(`${name} is not a property of ${owner}`);
}

function encodeValues(
  writer: ByteWriter,
  property: Property,
  values: unknown,
): void {
  if (!Array.isArray(values)) throw wrongType(writer, property, "an array");
  for (const value of values) encodeValue(writer, property, value);
}

function encodeValue(
  writer: ByteWriter,
  property: Property,
  value: unknown,
): void {
  const { kind, name } = property;
  writer.uint8(property.id);
  switch (kind) {
    case "string":
      return writer.string(text(writer, property, value), name);
    case "stringPair":
      return encodePair(writer, property, value);
    case "uint32":
      return writer.uint32(integer(writer, property, value, 0xFFFFFFFF));
    case "uint16":
      return writer.uint16(integer(writer, property, value, 0xFFFF));
    case "bit":
      return writer.uint8(integer(writer, property, value, 1));
    case "boolean":
      if (typeof value !== "boolean") {
        throw wrongType(writer, property, "a boolean");
      }
      return writer.uint8(value ? 1 : 0);
    case "variableByteInteger":
      return writer.variableByteInteger(
        integer(writer, property, value, VARIABLE_BYTE_INTEGER_MAX),
      );
    case "topicName":
      if (value === "") throw writer.typeError(`${name} must not be empty`);
      return writer.topicName(text(writer, property, value), name);
    case "binary":
      if (!(value instanceof Uint8Array)) {
        throw wrongType(writer, property, "a Uint8Array");
      }
      return writer.binary(value, name);
  }
}

function encodePair(
  writer: ByteWriter,
  property: Property,
  pair: unknown,
): void {
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw wrongType(writer, property, "pairs of name and value");
  }
  writer.string(text(writer, property, pair[0]), property.name);
  writer.string(text(writer, property, pair[1]), property.name);
}

function text(writer: ByteWriter, property: Property, value: unknown): string {
  if (typeof value !== "string") throw wrongType(writer, property, "a string");
  return value;
}

function integer(
  writer: ByteWriter,
  property: Property,
  value: unknown,
  max: number,
): number {
  if (typeof value !== "number") throw wrongType(writer, property, "a number");
  if (!Number.isInteger(value) || value < property.min || value > max) {
    throw writer.rangeError(
      `${property.name} must be ${property.min} to ${max}, not ${value}`,
    );
  }
  return value;
}

function wrongType(
  writer: ByteWriter,
  { name }: Property,
  what: string,
): TypeError {
  return writer.typeError(`${name} must be ${what}`);
}
